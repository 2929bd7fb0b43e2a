import { randomFillSync, randomUUID } from 'node:crypto';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_BYTES = 4096;
const RANDOM_BYTES = 10;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

const hex = (bytes: Uint8Array, from: number, to: number): string => {
  let text = '';
  for (let at = from; at < to; at += 1) text += HEX[bytes[at] ?? 0] ?? '';
  return text;
};

/**
 * A UUIDv7 (RFC 9562, section 5.7) for the given wall time: 48 bits of Unix milliseconds, then 74 random bits.
 * Sorting by id is sorting by millisecond; order within one is left to `seq`.
 */
export function uuidv7(nowMs: number): string {
  if (used + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, (used += RANDOM_BYTES));
  const time = Math.floor(nowMs).toString(16).padStart(12, '0');
  random[0] = 0x70 | ((random[0] ?? 0) & 0x0f);
  random[2] = 0x80 | ((random[2] ?? 0) & 0x3f);
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex(random, 0, 2)}-${hex(random, 2, 4)}-${hex(random, 4, 10)}`;
}

/** A random UUID (version 4). */
export const uuidv4 = (): string => randomUUID();
