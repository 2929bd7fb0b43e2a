import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

async function keyOf(KeySpec: kms.KeySpec, KeyUsage: kms.KeyUsageType): Promise<string> {
  const { KeyMetadata } = await given.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage }));
  return KeyMetadata?.Arn ?? '';
}
const Message = Buffer.from('release 1.2.3');
const SigningAlgorithm = 'ML_DSA_SHAKE_256';
const EncapsulationAlgorithm = 'ML_KEM';

for (const [KeySpec, signatureBytes] of [
  ['ML_DSA_44', 2420],
  ['ML_DSA_65', 3309],
  ['ML_DSA_87', 4627],
] as const) {
  test(`${KeySpec} signs messages and mus, verifies them after a restart, and refuses what it did not sign`, async () => {
    const KeyId = await keyOf(KeySpec, 'SIGN_VERIFY');
    const { KeyMetadata } = await given.root.send(new kms.DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeySpec, SigningAlgorithms: [SigningAlgorithm] });
    const { PublicKey } = await given.root.send(new kms.GetPublicKeyCommand({ KeyId }));
    for (const input of [
      { KeyId, SigningAlgorithm, Message },
      { KeyId, SigningAlgorithm, Message: Buffer.alloc(64, 3), MessageType: 'EXTERNAL_MU' },
    ] as const) {
      const { Signature } = await given.root.send(new kms.SignCommand(input));
      expect(Signature).toHaveLength(signatureBytes);
      await given.restart();
      const verified = await given.root.send(new kms.VerifyCommand({ ...input, Signature }));
      expect(verified).toMatchObject({ KeyId, SignatureValid: true, SigningAlgorithm });
      const wrong = { ...input, Message: Buffer.alloc(64, 4), Signature };
      expect((await given.refusalOf(given.root.send(new kms.VerifyCommand(wrong)))).name).toBe(
        'KMSInvalidSignatureException',
      );
    }
    expect((await given.root.send(new kms.GetPublicKeyCommand({ KeyId }))).PublicKey).toEqual(PublicKey);
  });
}

test('ML-DSA takes no digests, and a mu of 64 bytes only, which other algorithms do not know', async () => {
  const mlDsa = await keyOf('ML_DSA_44', 'SIGN_VERIFY');
  const ecdsa = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY');
  const refused = (input: kms.SignCommandInput) => given.refusalOf(given.root.send(new kms.SignCommand(input)));
  expect(await refused({ KeyId: mlDsa, SigningAlgorithm, Message, MessageType: 'EXTERNAL_MU' })).toMatchObject({
    name: 'ValidationException',
    message: 'Digest is invalid length for algorithm ML_DSA_SHAKE_256.',
  });
  const hashed = { Message: Buffer.alloc(32), MessageType: 'DIGEST' } as const;
  expect(await refused({ KeyId: mlDsa, SigningAlgorithm, ...hashed })).toMatchObject({ name: 'ValidationException' });
  expect(
    await refused({ KeyId: ecdsa, SigningAlgorithm: 'ECDSA_SHA_256', Message, MessageType: 'EXTERNAL_MU' }),
  ).toMatchObject({ name: 'ValidationException' });
});

for (const KeySpec of ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'] as const) {
  test(`${KeySpec} encapsulates a secret that it finds again after a restart, and a false one in a changed ciphertext`, async () => {
    const KeyId = await keyOf(KeySpec, 'ENCAPSULATE_DECAPSULATE');
    const { KeyMetadata } = await given.root.send(new kms.DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeySpec, EncapsulationAlgorithms: [EncapsulationAlgorithm] });
    const made = await given.root.send(new kms.EncapsulateCommand({ KeyId, EncapsulationAlgorithm }));
    expect(made.SharedSecret).toHaveLength(32);
    await given.restart();
    const SharedSecretCiphertextBlob = Buffer.from(made.SharedSecretCiphertextBlob ?? []);
    const decapsulate = (blob: Buffer) =>
      given.root.send(new kms.DecapsulateCommand({ KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob: blob }));
    const found = await decapsulate(SharedSecretCiphertextBlob);
    expect(found).toMatchObject({ KeyId, EncapsulationAlgorithm, SharedSecret: made.SharedSecret });
    const { request, ciphertext } = given.eventOf(found);
    expect(request).toEqual({ KeyId, EncapsulationAlgorithm });
    expect(ciphertext?.in).toBe(given.eventOf(made).ciphertext?.out);
    const changed = Buffer.from(SharedSecretCiphertextBlob);
    changed[3] = (changed[3] ?? 0) ^ 1;
    expect((await decapsulate(changed)).SharedSecret).not.toEqual(made.SharedSecret);
    expect(await given.refusalOf(decapsulate(changed.subarray(1)))).toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });
}

test('a key encapsulation key does nothing else, and a data key pair of its kind comes back from its ciphertext', async () => {
  const KeyId = await keyOf('ML_KEM_768', 'ENCAPSULATE_DECAPSULATE');
  const sign = new kms.SignCommand({ KeyId, Message, SigningAlgorithm });
  expect(await given.refusalOf(given.root.send(sign))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: `${KeyId} key usage is ENCAPSULATE_DECAPSULATE which is not valid for Sign.`,
  });
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  for (const [KeyPairSpec, publicKeyBytes] of [
    ['ML_KEM_512', 822],
    ['ML_KEM_768', 1206],
    ['ML_KEM_1024', 1590],
  ] as const) {
    const pair = await given.root.send(new kms.GenerateDataKeyPairCommand({ KeyId: symmetric, KeyPairSpec }));
    expect(pair.PublicKey).toHaveLength(publicKeyBytes);
    const opened = await given.root.send(new kms.DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }));
    expect(opened.Plaintext).toEqual(pair.PrivateKeyPlaintext);
  }
});
