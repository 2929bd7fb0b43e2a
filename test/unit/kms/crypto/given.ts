import { createSecretKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';

export const keyOf = (byte: number): KeyObject => createSecretKey(Buffer.alloc(32, byte));

export const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
export const claim = { keyId: KEY_ID, version: 1 };

const word = fc.string({ unit: 'binary', maxLength: 24 }).map((text) => text.toWellFormed());

/** Any encryption context the API lets through: well-formed text under any names but one. */
export const anyContext = fc
  .dictionary(
    word.filter((name) => name !== '__proto__'),
    word,
    { maxKeys: 6 },
  )
  .map((context) => ({ ...context }));

export const anyPlaintext = fc.uint8Array({ minLength: 0, maxLength: 4096 }).map((bytes) => Buffer.from(bytes));

/** A copy with one bit changed. */
export function flipped(bytes: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at);
  return copy;
}
