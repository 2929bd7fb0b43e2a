import { assert } from '../base/index.ts';
import type { Message } from './event-log.ts';

const LENGTHS_BYTES = 8;

/** A stored message: u32 bytes of key, u32 bytes of headers (JSON, none for no headers), key, headers, value; big-endian. */
export function encodeFrame({ key, value, headers }: Message): Buffer {
  const head = headers === undefined ? '' : JSON.stringify(headers);
  const keyBytes = Buffer.byteLength(key);
  const headBytes = Buffer.byteLength(head);
  const frame = Buffer.allocUnsafe(LENGTHS_BYTES + keyBytes + headBytes + value.length);
  frame.writeUInt32BE(keyBytes, 0);
  frame.writeUInt32BE(headBytes, 4);
  frame.write(key, LENGTHS_BYTES);
  frame.write(head, LENGTHS_BYTES + keyBytes);
  frame.set(value, LENGTHS_BYTES + keyBytes + headBytes);
  return frame;
}

/** Inverse of {@link encodeFrame}; the value is a view of the frame. */
export function decodeFrame(frame: Buffer): Message {
  assert(frame.length >= LENGTHS_BYTES, 'a stored message is shorter than its lengths');
  const headFrom = LENGTHS_BYTES + frame.readUInt32BE(0);
  const valueFrom = headFrom + frame.readUInt32BE(4);
  assert(valueFrom <= frame.length, 'a stored message is shorter than it says');
  const key = frame.toString('utf8', LENGTHS_BYTES, headFrom);
  const value = frame.subarray(valueFrom);
  if (valueFrom === headFrom) return { key, value };
  // Written by encodeFrame above and by nobody else.
  const headers = JSON.parse(frame.toString('utf8', headFrom, valueFrom)) as Readonly<Record<string, string>>;
  return { key, value, headers };
}
