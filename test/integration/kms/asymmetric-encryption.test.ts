import { constants, createPublicKey, publicEncrypt, verify, type KeyObject } from 'node:crypto';
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
const signWith = (input: kms.SignCommandInput) => given.root.send(new kms.SignCommand(input));

const Message = Buffer.from('release 1.2.3');

const OAEP = [
  { algorithm: 'RSAES_OAEP_SHA_1', oaepHash: 'sha1', limits: [214, 342, 470] },
  { algorithm: 'RSAES_OAEP_SHA_256', oaepHash: 'sha256', limits: [190, 318, 446] },
] as const;

for (const [at, spec] of (['RSA_2048', 'RSA_3072', 'RSA_4096'] as const).entries()) {
  test(`${spec} decrypts what was encrypted here or with the public key outside, up to its limits`, async () => {
    const KeyId = await keyOf(spec, 'ENCRYPT_DECRYPT');
    const publicKey = await publicKeyOf(KeyId);
    for (const { algorithm, oaepHash, limits } of OAEP) {
      const Plaintext = Buffer.alloc(limits[at] ?? 0, 7);
      const input = { KeyId, EncryptionAlgorithm: algorithm };
      const sealed = await given.root.send(new kms.EncryptCommand({ ...input, Plaintext }));
      expect(sealed).toMatchObject(input);
      const outside = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Plaintext);
      for (const CiphertextBlob of [sealed.CiphertextBlob, outside]) {
        const opened = await given.root.send(new kms.DecryptCommand({ ...input, CiphertextBlob }));
        expect(bytes(opened.Plaintext)).toEqual(Plaintext);
        expect(opened).toMatchObject(input);
        expect(opened).not.toHaveProperty('KeyMaterialId');
      }
      const larger = Buffer.alloc(Plaintext.length + 1, 7);
      expect(
        await given.refusalOf(given.root.send(new kms.EncryptCommand({ ...input, Plaintext: larger }))),
      ).toMatchObject({
        name: 'ValidationException',
        message: `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${String(limits[at])} bytes.`,
      });
      const wrong = bytes(sealed.CiphertextBlob);
      wrong[20] = (wrong[20] ?? 0) ^ 1;
      for (const CiphertextBlob of [wrong, wrong.subarray(1), sealed.CiphertextBlob]) {
        const swapped = CiphertextBlob === sealed.CiphertextBlob;
        const EncryptionAlgorithm = OAEP[swapped === (algorithm === 'RSAES_OAEP_SHA_1') ? 1 : 0].algorithm;
        const refused = given.refusalOf(
          given.root.send(new kms.DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm })),
        );
        expect((await refused).name).toBe('InvalidCiphertextException');
      }
    }
  });
}

test('asymmetric encryption needs the key and the algorithm said, and has no encryption context', async () => {
  const KeyId = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const Plaintext = Buffer.from('secret');
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  const refusedEncrypt = (input: kms.EncryptCommandInput) =>
    given.refusalOf(given.root.send(new kms.EncryptCommand(input)));
  expect(await refusedEncrypt({ KeyId, Plaintext })).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: 'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
  });
  expect(
    await refusedEncrypt({ KeyId, Plaintext, EncryptionAlgorithm, EncryptionContext: { app: 'a' } }),
  ).toMatchObject({ name: 'ValidationException' });
  const { CiphertextBlob } = await given.root.send(new kms.EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm }));
  const refusedDecrypt = (input: kms.DecryptCommandInput) =>
    given.refusalOf(given.root.send(new kms.DecryptCommand(input)));
  expect(await refusedDecrypt({ CiphertextBlob, EncryptionAlgorithm })).toMatchObject({
    name: 'InvalidCiphertextException',
  });
  expect(await refusedDecrypt({ CiphertextBlob, KeyId })).toMatchObject({ name: 'InvalidKeyUsageException' });
  const dataKey = new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
  expect(await given.refusalOf(given.root.send(dataKey))).toMatchObject({ name: 'InvalidKeyUsageException' });
});

test('ReEncrypt leads from a symmetric key to an asymmetric one and back', async () => {
  const rsa = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const Plaintext = Buffer.from('there and back');
  const first = await given.root.send(new kms.EncryptCommand({ KeyId: symmetric, Plaintext }));
  const there = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: first.CiphertextBlob,
      DestinationKeyId: rsa,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    }),
  );
  expect(there).toMatchObject({
    KeyId: rsa,
    SourceKeyId: symmetric,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  const back = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: there.CiphertextBlob,
      SourceKeyId: rsa,
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      DestinationKeyId: symmetric,
    }),
  );
  const opened = await given.root.send(new kms.DecryptCommand({ CiphertextBlob: back.CiphertextBlob }));
  expect(bytes(opened.Plaintext)).toEqual(Plaintext);
});

test('keys made before a restart sign and decrypt after it, with the same public key', async () => {
  const signer = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY');
  const rsa = await keyOf('RSA_2048', 'ENCRYPT_DECRYPT');
  const before = (await publicKeyOf(signer)).export({ format: 'der', type: 'spki' });
  const sealed = publicEncrypt({ key: await publicKeyOf(rsa), oaepHash: 'sha256' }, Message);
  await given.restart();
  const signed = await signWith({ KeyId: signer, Message, SigningAlgorithm: 'ECDSA_SHA_256' });
  expect((await publicKeyOf(signer)).export({ format: 'der', type: 'spki' })).toEqual(before);
  expect(verify('sha256', Message, await publicKeyOf(signer), bytes(signed.Signature))).toBe(true);
  const opened = await given.root.send(
    new kms.DecryptCommand({ KeyId: rsa, CiphertextBlob: sealed, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
  );
  expect(bytes(opened.Plaintext)).toEqual(Message);
});
