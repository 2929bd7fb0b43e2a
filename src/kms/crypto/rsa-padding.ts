import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/*
 * The encodings of RFC 8017, section 9, for digests that the caller has made: Node's own signatures hash what they are given.
 */
export type RsaHash = 'sha256' | 'sha384' | 'sha512';

/** Section 9.2, note 1: what stands before the digest in a DigestInfo. */
const DIGEST_INFO: Readonly<Record<RsaHash, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

export const digestInfo = (hash: RsaHash, digest: Uint8Array): Buffer => Buffer.concat([DIGEST_INFO[hash], digest]);

const TRAILER = 0xbc;
const PADDING_1 = Buffer.alloc(8);
/** The moduli here are whole bytes wide, and the encoding is one bit shorter. */
const CLEARED_TOP = 0x7f;

/** Section B.2.1. */
function mgf1(hash: RsaHash, seed: Uint8Array, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  const counter = Buffer.alloc(4);
  for (let made = 0, at = 0; made < sizeBytes; at += 1) {
    counter.writeUInt32BE(at);
    const block = createHash(hash).update(seed).update(counter).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks, sizeBytes);
}

const hashOf = (hash: RsaHash, digest: Uint8Array, salt: Uint8Array): Buffer =>
  createHash(hash).update(PADDING_1).update(digest).update(salt).digest();

function mask(hash: RsaHash, seed: Uint8Array, block: Buffer): void {
  const bits = mgf1(hash, seed, block.length);
  for (const [at, byte] of bits.entries()) block[at] = (block[at] ?? 0) ^ byte;
  block[0] = (block[0] ?? 0) & CLEARED_TOP;
}

/** Section 9.1.1, with a salt as long as the digest. */
export function encodePss(hash: RsaHash, digest: Uint8Array, modulusBytes: number): Buffer {
  const salt = randomBytes(digest.length);
  const h = hashOf(hash, digest, salt);
  const block = Buffer.alloc(modulusBytes - digest.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  mask(hash, h, block);
  return Buffer.concat([block, h, Buffer.from([TRAILER])]);
}

/** Section 9.1.2. The salt must be as long as the digest. */
export function matchesPss(hash: RsaHash, digest: Uint8Array, encoded: Buffer): boolean {
  const size = digest.length;
  const block = Buffer.from(encoded.subarray(0, encoded.length - size - 1));
  const h = encoded.subarray(encoded.length - size - 1, -1);
  if (encoded.at(-1) !== TRAILER || (block[0] ?? 0) > CLEARED_TOP) return false;
  mask(hash, h, block);
  const one = block.length - size - 1;
  if (block[one] !== 1 || !block.subarray(0, one).every((byte) => byte === 0)) return false;
  return timingSafeEqual(hashOf(hash, digest, block.subarray(one + 1)), h);
}
