import type { KeyObject } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { curveOf, pointAt, publicKeyOf } from './public-keys.ts';

/*
 * ECDSA (FIPS 186-5, section 6) over digests that the caller has made. Node hashes whatever it is to sign, so these come from elsewhere;
 * messages go through Node.
 */
const CURVES = { prime256v1: p256, secp384r1: p384, secp521r1: p521, secp256k1 } as const;
/** High s values are valid signatures, as everywhere but in some chains' rules. */
const OPTIONS = { prehash: false, lowS: false, format: 'der' } as const;

function implementation(key: KeyObject): (typeof CURVES)[keyof typeof CURVES] {
  const curve = curveOf(key);
  if (!Object.hasOwn(CURVES, curve)) throw new Error(`Bug: no curve ${curve}`);
  return CURVES[curve as keyof typeof CURVES];
}

const LONG_FORM = 0x80;

/** The scalar inside an ECPrivateKey (RFC 5915, section 3): SEQUENCE { INTEGER 1, OCTET STRING scalar, ... }. */
function withScalar<T>(key: KeyObject, use: (scalar: Uint8Array) => T): T {
  const encoded = key.export({ format: 'der', type: 'sec1' });
  const version = ((encoded[1] ?? 0) & LONG_FORM) === 0 ? 2 : 3;
  const length = version + 4;
  try {
    return use(encoded.subarray(length + 1, length + 1 + (encoded[length] ?? 0)));
  } finally {
    encoded.fill(0);
  }
}

/** A DER signature of a digest, its nonce from RFC 6979 with added randomness (section 3.6). */
export const ecdsaSignDigest = (key: KeyObject, digest: Uint8Array): Buffer =>
  withScalar(key, (scalar) =>
    Buffer.from(implementation(key).sign(digest, scalar, { ...OPTIONS, extraEntropy: true })),
  );

export function ecdsaVerifyDigest(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const spki = publicKeyOf(key).export({ format: 'der', type: 'spki' });
  try {
    return implementation(key).verify(signature, digest, spki.subarray(pointAt(curveOf(key), spki)), OPTIONS);
  } catch {
    // Not DER, or a number out of range.
    return false;
  }
}
