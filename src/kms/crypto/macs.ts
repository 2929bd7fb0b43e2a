import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

/** FIPS 198-1 with the hashes of FIPS 180-4. */
const HASHES = {
  HMAC_SHA_224: 'sha224',
  HMAC_SHA_256: 'sha256',
  HMAC_SHA_384: 'sha384',
  HMAC_SHA_512: 'sha512',
} as const;

export type MacAlgorithm = keyof typeof HASHES;

/** The whole HMAC, as long as its hash. */
export const macOf = (key: KeyObject, algorithm: MacAlgorithm, message: Uint8Array): Buffer =>
  createHmac(HASHES[algorithm], key).update(message).digest();

/** Whether a MAC is the one of the message, in a time that tells nothing of where they differ. A shortened MAC is a wrong one. */
export function macMatches(key: KeyObject, algorithm: MacAlgorithm, message: Uint8Array, mac: Uint8Array): boolean {
  const right = macOf(key, algorithm, message);
  return right.length === mac.length && timingSafeEqual(right, mac);
}
