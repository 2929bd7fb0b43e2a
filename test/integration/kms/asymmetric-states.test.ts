import { generateKeyPairSync } from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const Message = Buffer.from('message');
const PublicKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({
  format: 'der',
  type: 'spki',
});

/** Every operation that uses a key which is not symmetric, and a key that it works with. */
const USES: readonly (readonly [
  name: string,
  spec: kms.KeySpec,
  usage: kms.KeyUsageType,
  send: (client: kms.KMSClient, KeyId: string) => Promise<unknown>,
])[] = [
  [
    'Sign',
    'ECC_NIST_P256',
    'SIGN_VERIFY',
    (client, KeyId) => client.send(new kms.SignCommand({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' })),
  ],
  [
    'Verify',
    'ECC_NIST_P256',
    'SIGN_VERIFY',
    (client, KeyId) =>
      client.send(new kms.VerifyCommand({ KeyId, Message, Signature: Message, SigningAlgorithm: 'ECDSA_SHA_256' })),
  ],
  ['GetPublicKey', 'ML_DSA_44', 'SIGN_VERIFY', (client, KeyId) => client.send(new kms.GetPublicKeyCommand({ KeyId }))],
  [
    'DeriveSharedSecret',
    'ECC_NIST_P256',
    'KEY_AGREEMENT',
    (client, KeyId) =>
      client.send(new kms.DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' })),
  ],
  [
    'Encrypt',
    'RSA_2048',
    'ENCRYPT_DECRYPT',
    (client, KeyId) =>
      client.send(new kms.EncryptCommand({ KeyId, Plaintext: Message, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })),
  ],
  [
    'Decrypt',
    'RSA_2048',
    'ENCRYPT_DECRYPT',
    (client, KeyId) =>
      client.send(
        new kms.DecryptCommand({
          KeyId,
          CiphertextBlob: Buffer.alloc(256, 1),
          EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        }),
      ),
  ],
  [
    'GenerateMac',
    'HMAC_256',
    'GENERATE_VERIFY_MAC',
    (client, KeyId) => client.send(new kms.GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' })),
  ],
  [
    'VerifyMac',
    'HMAC_256',
    'GENERATE_VERIFY_MAC',
    (client, KeyId) =>
      client.send(new kms.VerifyMacCommand({ KeyId, Message, Mac: Message, MacAlgorithm: 'HMAC_SHA_256' })),
  ],
  [
    'Encapsulate',
    'ML_KEM_512',
    'ENCAPSULATE_DECAPSULATE',
    (client, KeyId) => client.send(new kms.EncapsulateCommand({ KeyId, EncapsulationAlgorithm: 'ML_KEM' })),
  ],
  [
    'Decapsulate',
    'ML_KEM_512',
    'ENCAPSULATE_DECAPSULATE',
    (client, KeyId) =>
      client.send(
        new kms.DecapsulateCommand({
          KeyId,
          EncapsulationAlgorithm: 'ML_KEM',
          SharedSecretCiphertextBlob: Buffer.alloc(768),
        }),
      ),
  ],
  [
    'GenerateDataKeyPair',
    'SYMMETRIC_DEFAULT',
    'ENCRYPT_DECRYPT',
    (client, KeyId) => client.send(new kms.GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256' })),
  ],
];

for (const [name, KeySpec, KeyUsage, send] of USES) {
  test(`${name} needs an enabled key that exists, and a caller who may`, async () => {
    const { KeyMetadata } = await given.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage }));
    const KeyId = KeyMetadata?.Arn ?? '';
    await given.root.send(new kms.DisableKeyCommand({ KeyId }));
    expect(await given.refusalOf(send(given.root, KeyId))).toMatchObject({
      name: 'DisabledException',
      message: `${KeyId} is disabled.`,
    });
    await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(await given.refusalOf(send(given.root, KeyId))).toMatchObject({
      name: 'KMSInvalidStateException',
      message: `${KeyId} is pending deletion.`,
    });
    const absent = KeyId.replace(/[0-9a-f]{12}$/, '000000000000');
    expect(await given.refusalOf(send(given.root, absent))).toMatchObject({ name: 'NotFoundException' });
    const nobody = await given.as(`arn:aws:iam::000000000000:user/${name}`);
    expect(await given.refusalOf(send(nobody, KeyId))).toMatchObject({ name: 'AccessDeniedException' });
  });
}
