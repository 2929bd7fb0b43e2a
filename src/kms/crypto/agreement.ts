import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { curveOf, pointAt, publicKeyOf } from './public-keys.ts';
import { Secret } from './secret.ts';

const UNCOMPRESSED = 0x04;

/**
 * ECDH (SP 800-56A rev. 3, section 5.7.1.2): the x coordinate of the common point. Undefined where the other public key is not a
 * SubjectPublicKeyInfo of an uncompressed point on the key's own named curve. Node by itself would take explicit curve parameters, with
 * which a stranger chooses the curve.
 */
export function sharedSecretOf(privateKey: KeyObject, otherSpki: Buffer): Secret | undefined {
  const own = publicKeyOf(privateKey).export({ format: 'der', type: 'spki' });
  const point = pointAt(curveOf(privateKey), own);
  // Everything before the point, lengths and the OID of the curve included, is the same for all keys of a curve.
  const sameCurve = otherSpki.length === own.length && otherSpki.compare(own, 0, point, 0, point) === 0;
  if (!sameCurve || otherSpki[point] !== UNCOMPRESSED) return undefined;
  try {
    // Refuses points that are not on the curve.
    const publicKey = createPublicKey({ key: otherSpki, format: 'der', type: 'spki' });
    return Secret.own(diffieHellman({ privateKey, publicKey }));
  } catch {
    return undefined;
  }
}
