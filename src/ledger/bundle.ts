import { assert } from '../base/index.ts';
import type { Parsed } from '../events/index.ts';

/** The longest entry a bundle can carry: its length is a uint16. */
export const MAX_ENTRY_BYTES = 65_535;
const LENGTH_BYTES = 2;

/** An entry bundle: each entry after its length as a big-endian uint16 (c2sp.org/tlog-tiles, "Log entries"). */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + LENGTH_BYTES + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    assert(entry.length <= MAX_ENTRY_BYTES, `a ledger entry has at most ${MAX_ENTRY_BYTES} bytes`);
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** Inverse of {@link encodeBundle}. A bundle that ends inside an entry is refused. */
export function decodeBundle(bytes: Buffer): Parsed<readonly Buffer[]> {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + LENGTH_BYTES > bytes.length) return { ok: false, reason: `it ends inside entry ${entries.length}` };
    const end = at + LENGTH_BYTES + bytes.readUInt16BE(at);
    if (end > bytes.length) return { ok: false, reason: `it ends inside entry ${entries.length}` };
    entries.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return { ok: true, value: entries };
}
