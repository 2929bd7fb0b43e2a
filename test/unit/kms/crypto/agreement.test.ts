import { createECDH, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { sharedSecretOf } from '../../../../src/kms/crypto/index.ts';

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'] as const;
const pairOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const spkiOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });
const POINT_BYTES = { prime256v1: 65, secp384r1: 97, secp521r1: 133 };

for (const curve of CURVES) {
  test(`two parties of ${curve} come to the secret that node:crypto gives them`, () => {
    const ours = pairOf(curve);
    const theirs = pairOf(curve);
    const secret = sharedSecretOf(ours.privateKey, spkiOf(theirs.publicKey));
    const outside = diffieHellman({ privateKey: theirs.privateKey, publicKey: ours.publicKey });
    expect(secret?.use((bytes) => Buffer.from(bytes))).toEqual(outside);
  });

  test(`a public key that is not a point of ${curve}, written as it must be, gives no secret`, () => {
    const ours = pairOf(curve).privateKey;
    const right = spkiOf(pairOf(curve).publicKey);
    const at = right.length - POINT_BYTES[curve];
    const offCurve = Buffer.from(right);
    offCurve[right.length - 1] = (offCurve[right.length - 1] ?? 0) ^ 1;
    const otherCurve = spkiOf(pairOf(curve === 'prime256v1' ? 'secp256k1' : 'prime256v1').publicKey);
    const withOtherOid = Buffer.from(right);
    withOtherOid[at - 5] = (withOtherOid[at - 5] ?? 0) ^ 1;
    const compressed = createECDH(curve);
    compressed.generateKeys();
    const hybrid = Buffer.from(right);
    hybrid[at] = 6 + ((right.at(-1) ?? 0) & 1);
    for (const wrong of [
      offCurve,
      otherCurve,
      withOtherOid,
      hybrid,
      compressed.getPublicKey(null, 'compressed'),
      compressed.getPublicKey(),
      Buffer.concat([right, Buffer.alloc(1)]),
      right.subarray(0, -1),
      Buffer.concat([right.subarray(0, at), Buffer.alloc(POINT_BYTES[curve])]),
      spkiOf(generateKeyPairSync('x25519').publicKey),
      Buffer.from('no key'),
    ])
      expect(sharedSecretOf(ours, wrong)).toBeUndefined();
  });
}

test('a public key with explicit curve parameters gives no secret, though Node takes it', () => {
  const ours = pairOf('prime256v1');
  const explicit = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' });
  expect(diffieHellman({ privateKey: ours.privateKey, publicKey: explicit.publicKey })).toHaveLength(32);
  expect(sharedSecretOf(ours.privateKey, spkiOf(explicit.publicKey))).toBeUndefined();
});
