import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes that will be public (nonces): drawn from the system generator in blocks, because a call costs more than the bytes. */
export function publicRandom(target: Buffer, at: number, sizeBytes: number): void {
  if (used + sizeBytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(target, at, used, used + sizeBytes);
  used += sizeBytes;
}

/** Random bytes that will be secret: straight from the system generator into their own buffer. */
export function secretRandom(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  randomFillSync(bytes);
  return bytes;
}
