import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const bytes = (value: Uint8Array | undefined): Buffer => Buffer.from(value ?? []);
async function keyOf(KeySpec: kms.KeySpec, KeyUsage: kms.KeyUsageType) {
  const { KeyMetadata } = await given.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage }));
  return KeyMetadata?.Arn ?? '';
}
async function publicKeyOf(KeyId: string): Promise<KeyObject> {
  const { PublicKey } = await given.root.send(new kms.GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: bytes(PublicKey), format: 'der', type: 'spki' });
}

for (const [spec, namedCurve] of [
  ['ECC_NIST_P256', 'prime256v1'],
  ['ECC_NIST_P384', 'secp384r1'],
  ['ECC_NIST_P521', 'secp521r1'],
] as const) {
  test(`two parties agree on a secret with ${spec}, one of them outside, and a foreign curve is refused`, async () => {
    const KeyId = await keyOf(spec, 'KEY_AGREEMENT');
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const derive = (key: KeyObject) =>
      given.root.send(
        new kms.DeriveSharedSecretCommand({
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          PublicKey: key.export({ format: 'der', type: 'spki' }),
        }),
      );
    const derived = await derive(publicKey);
    expect(derived).toMatchObject({ KeyId, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' });
    expect(bytes(derived.SharedSecret)).toEqual(diffieHellman({ privateKey, publicKey: await publicKeyOf(KeyId) }));
    const { request } = given.eventOf(derived);
    expect(request).toEqual({ KeyId, KeyAgreementAlgorithm: 'ECDH' });
    const explicit = generateKeyPairSync('ec', { namedCurve, paramEncoding: 'explicit' }).publicKey;
    const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
    for (const wrong of [explicit, foreign])
      expect(await given.refusalOf(derive(wrong))).toMatchObject({ name: 'ValidationException' });
  });
}

test('GetPublicKey says what the key is for, and has nothing to show of keys without one', async () => {
  const agreement = await keyOf('ECC_NIST_P384', 'KEY_AGREEMENT');
  const mac = await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC');
  expect(await given.root.send(new kms.GetPublicKeyCommand({ KeyId: agreement }))).toMatchObject({
    KeyId: agreement,
    KeySpec: 'ECC_NIST_P384',
    KeyUsage: 'KEY_AGREEMENT',
    KeyAgreementAlgorithms: ['ECDH'],
  });
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  for (const KeyId of [mac, symmetric])
    expect(await given.refusalOf(given.root.send(new kms.GetPublicKeyCommand({ KeyId })))).toMatchObject({
      name: 'UnsupportedOperationException',
    });
});
