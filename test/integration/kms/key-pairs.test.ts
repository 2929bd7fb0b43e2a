import { createPrivateKey, createPublicKey } from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const bytes = (value: Uint8Array | undefined): Buffer => Buffer.from(value ?? []);
const Message = Buffer.from('release 1.2.3');

const PAIR_SPECS = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519',
] as const;

test('data key pairs of every spec are whole pairs, and their private keys come back from their ciphertexts', async () => {
  const KeyId = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const EncryptionContext = { app: 'a' };
  await Promise.all(
    PAIR_SPECS.map(async (KeyPairSpec) => {
      const input = { KeyId, KeyPairSpec, EncryptionContext };
      const pair = await given.root.send(new kms.GenerateDataKeyPairCommand(input));
      expect(pair).toMatchObject({ KeyId, KeyPairSpec });
      const privateKey = createPrivateKey({ key: bytes(pair.PrivateKeyPlaintext), format: 'der', type: 'pkcs8' });
      expect(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).toEqual(bytes(pair.PublicKey));
      const opened = await given.root.send(
        new kms.DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext }),
      );
      expect(bytes(opened.Plaintext)).toEqual(bytes(pair.PrivateKeyPlaintext));
      const without = await given.root.send(new kms.GenerateDataKeyPairWithoutPlaintextCommand(input));
      expect(without).not.toHaveProperty('PrivateKeyPlaintext');
      const { Plaintext } = await given.root.send(
        new kms.DecryptCommand({ CiphertextBlob: without.PrivateKeyCiphertextBlob, EncryptionContext }),
      );
      const own = createPrivateKey({ key: bytes(Plaintext), format: 'der', type: 'pkcs8' });
      expect(createPublicKey(own).export({ format: 'der', type: 'spki' })).toEqual(bytes(without.PublicKey));
    }),
  );
});

test('many RSA keys asked for at once are made without keeping the others waiting, and too many are throttled', async () => {
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const input = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const;
  const asked = Array.from({ length: 60 }, () =>
    given.root.send(new kms.CreateKeyCommand(input)).then(
      () => 'made',
      (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
    ),
  );
  const delays: number[] = [];
  for (let times = 0; times < 10; times += 1) {
    const from = performance.now();
    await given.root.send(new kms.EncryptCommand({ KeyId: symmetric, Plaintext: Message }));
    delays.push(performance.now() - from);
  }
  const answers = await Promise.all(asked);
  expect(new Set(answers)).toEqual(new Set(['made', 'ThrottlingException']));
  // Two in the making and sixteen waiting; each that is done makes room for another.
  expect(answers.filter((answer) => answer === 'made').length).toBeGreaterThanOrEqual(18);
  expect(delays.sort((a, b) => a - b)[5]).toBeLessThan(250);
});

test('nobody has RSA keys made who may not create them', async () => {
  const nobody = await given.as('arn:aws:iam::000000000000:user/nobody');
  const refused = await given.refusalOf(
    nobody.send(new kms.CreateKeyCommand({ KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' })),
  );
  expect(refused.name).toBe('AccessDeniedException');
});
