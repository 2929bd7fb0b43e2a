import { createPublicKey, type KeyObject } from 'node:crypto';
import { isPostQuantum, postQuantumPublicKey } from './post-quantum.ts';

const publicKeys = new WeakMap<KeyObject, KeyObject>();

/** The public half of a private key. */
export function publicKeyOf(privateKey: KeyObject): KeyObject {
  let publicKey = publicKeys.get(privateKey);
  if (publicKey === undefined) publicKeys.set(privateKey, (publicKey = createPublicKey(privateKey)));
  return publicKey;
}

/** The public key as SubjectPublicKeyInfo in DER (RFC 5280, section 4.1.2.7). */
export function publicKeyDer(spec: string, material: KeyObject): Buffer {
  return isPostQuantum(spec)
    ? postQuantumPublicKey(spec, material)
    : publicKeyOf(material).export({ format: 'der', type: 'spki' });
}

/** The last `sizeBytes` of a SubjectPublicKeyInfo are its uncompressed point (SEC 1, section 2.3.3). */
const POINT_BYTES: Readonly<Record<string, number>> = { prime256v1: 65, secp384r1: 97, secp521r1: 133, secp256k1: 65 };

export const curveOf = (key: KeyObject): string => key.asymmetricKeyDetails?.namedCurve ?? '';

/** Where the point begins in the SubjectPublicKeyInfo of a curve. */
export function pointAt(curve: string, spki: Uint8Array): number {
  const sizeBytes = POINT_BYTES[curve];
  if (sizeBytes === undefined) throw new Error(`Bug: no curve ${curve}`);
  return spki.length - sizeBytes;
}
