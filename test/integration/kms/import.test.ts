import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY_US, givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const newKey = async (Origin: kms.OriginType = 'EXTERNAL'): Promise<string> =>
  (await given.root.send(new kms.CreateKeyCommand({ Origin }))).KeyMetadata?.Arn ?? '';
const described = async (KeyId: string): Promise<Partial<kms.KeyMetadata>> =>
  (await given.root.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata ?? {};
const parameters = (
  KeyId: string,
  WrappingAlgorithm: kms.AlgorithmSpec = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec: kms.WrappingKeySpec = 'RSA_2048',
): Promise<kms.GetParametersForImportCommandOutput> =>
  given.root.send(new kms.GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }));

/** What a client does with the public key, as the AWS guide tells it to with OpenSSL. */
function wrap(publicKey: Uint8Array | undefined, algorithm: kms.AlgorithmSpec, material: Buffer): Buffer {
  const key = createPublicKey({ key: Buffer.from(publicKey ?? []), format: 'der', type: 'spki' });
  const oaepHash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const oaep = (bytes: Buffer): Buffer =>
    publicEncrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes);
  if (!algorithm.startsWith('RSA_AES')) return oaep(material);
  const aes = randomBytes(32);
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
  return Buffer.concat([oaep(aes), cipher.update(material), cipher.final()]);
}

async function importInto(
  KeyId: string,
  material: Buffer,
  input: Partial<kms.ImportKeyMaterialCommandInput> = {},
): Promise<kms.ImportKeyMaterialCommandOutput> {
  const { PublicKey, ImportToken } = await parameters(KeyId);
  const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', material);
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  return given.root.send(
    new kms.ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel, ...input }),
  );
}
const encrypt = (KeyId: string): Promise<kms.EncryptCommandOutput> =>
  given.root.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
const decrypt = async (CiphertextBlob: Uint8Array | undefined): Promise<string> =>
  Buffer.from((await given.root.send(new kms.DecryptCommand({ CiphertextBlob }))).Plaintext ?? []).toString();
const refused = async (sent: Promise<unknown>): Promise<string> => (await given.refusalOf(sent)).name;

test('a key of the caller is born without material, waits for it, and is enabled by it', async () => {
  const key = await newKey();
  const before = await described(key);
  expect(before).toMatchObject({ KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' });
  expect(before.CurrentKeyMaterialId).toBeUndefined();
  expect(before.ExpirationModel).toBeUndefined();
  expect(await refused(encrypt(key))).toBe('KMSInvalidStateException');
  const material = randomBytes(32);
  const imported = await importInto(key, material);
  expect(imported).toMatchObject({ KeyId: key, KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  expect(await described(key)).toMatchObject({
    KeyState: 'Enabled',
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    CurrentKeyMaterialId: imported.KeyMaterialId,
  });
  expect(await decrypt((await encrypt(key)).CiphertextBlob)).toBe('x');
  const event = given.eventOf(imported);
  expect(event).toMatchObject({
    operation: 'ImportKeyMaterial',
    changes: [{ type: 'KeyMaterialImported', key, version: 1, materialId: imported.KeyMaterialId }],
  });
  const told = given.logged.join('') + JSON.stringify(given.events());
  for (const text of [material.toString('hex'), material.toString('base64')]) expect(told).not.toContain(text);
});

test.each<[kms.AlgorithmSpec, kms.WrappingKeySpec]>([
  ['RSAES_OAEP_SHA_1', 'RSA_2048'],
  ['RSAES_OAEP_SHA_256', 'RSA_3072'],
  ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
  ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'],
])('material wrapped by %s under %s arrives', async (algorithm, spec) => {
  const key = await newKey();
  const { PublicKey, ImportToken, KeyId, ParametersValidTo } = await parameters(key, algorithm, spec);
  expect(KeyId).toBe(key);
  const inHours = ((ParametersValidTo?.getTime() ?? 0) - Date.now()) / 3_600_000;
  expect(inHours).toBeGreaterThan(23.9);
  expect(inHours).toBeLessThanOrEqual(24);
  const EncryptedKeyMaterial = wrap(PublicKey, algorithm, randomBytes(32));
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  await given.root.send(
    new kms.ImportKeyMaterialCommand({ KeyId: key, ImportToken, EncryptedKeyMaterial, ExpirationModel }),
  );
  expect(await decrypt((await encrypt(key)).CiphertextBlob)).toBe('x');
});

test('deleted material is gone for good, and only the same brings the old ciphertexts back', async () => {
  const key = await newKey();
  const material = randomBytes(32);
  const { KeyMaterialId } = await importInto(key, material);
  const sealed = (await encrypt(key)).CiphertextBlob;
  const deleted = await given.root.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId: key }));
  expect(deleted).toMatchObject({ KeyId: key, KeyMaterialId });
  expect(given.vault.journal.state.range('material', key, undefined, 9)).toEqual([]);
  expect(await described(key)).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: KeyMaterialId });
  expect(await refused(decrypt(sealed))).toBe('KMSInvalidStateException');
  const again = await given.root.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId: key }));
  expect(given.eventOf(again).changes).toEqual([]);
  expect(await refused(importInto(key, randomBytes(32)))).toBe('IncorrectKeyMaterialException');
  expect(await refused(importInto(key, material, { KeyMaterialId: 'f'.repeat(64) }))).toBe('NotFoundException');
  await importInto(key, material, { KeyMaterialId, ImportType: 'EXISTING_KEY_MATERIAL' });
  expect(await decrypt(sealed)).toBe('x');
});

test('material that is 32 bytes and no other length is a key', async () => {
  const key = await newKey();
  for (const sizeBytes of [16, 31, 33, 64])
    expect(await refused(importInto(key, randomBytes(sizeBytes)))).toBe('IncorrectKeyMaterialException');
});

test('material expires when it was said to, as an event, and the key waits for it again', async () => {
  const key = await newKey();
  const material = randomBytes(32);
  const ValidTo = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000);
  await importInto(key, material, { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo });
  expect(await described(key)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo });
  const sealed = (await encrypt(key)).CiphertextBlob;
  await given.dueWork();
  expect(await described(key)).toMatchObject({ KeyState: 'Enabled' });
  given.clock.aheadUs = 2 * DAY_US;
  await given.dueWork();
  given.clock.aheadUs = 0;
  const metadata = await described(key);
  expect(metadata.KeyState).toBe('PendingImport');
  expect(metadata.ValidTo).toBeUndefined();
  expect(given.vault.journal.state.range('material', key, undefined, 9)).toEqual([]);
  const expired = given
    .events()
    .filter(({ operation, key: of }) => operation === 'ExpireKeyMaterial' && of?.arn === key);
  expect(expired).toMatchObject([
    { kind: 'system', outcome: 'success', changes: [{ type: 'KeyMaterialExpired', key, version: 1 }] },
  ]);
  await importInto(key, material);
  expect(await decrypt(sealed)).toBe('x');
  // The date of the first import is not that of the second.
  given.clock.aheadUs = 3 * DAY_US;
  await given.dueWork();
  given.clock.aheadUs = 0;
  expect(await described(key)).toMatchObject({ KeyState: 'Enabled' });
});

test('a token is for one key, one wrapping key and one day', async () => {
  const [key, other] = [await newKey(), await newKey()];
  const first = await parameters(key);
  const second = await parameters(key);
  const wrapped = wrap(first.PublicKey, 'RSAES_OAEP_SHA_256', randomBytes(32));
  const send = (KeyId: string, ImportToken: Uint8Array | undefined, EncryptedKeyMaterial = wrapped): Promise<unknown> =>
    given.root.send(
      new kms.ImportKeyMaterialCommand({
        KeyId,
        ImportToken,
        EncryptedKeyMaterial,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      }),
    );
  const token = Buffer.from(first.ImportToken ?? []);
  expect(await refused(send(other, token))).toBe('InvalidImportTokenException');
  expect(await refused(send(key, second.ImportToken))).toBe('InvalidCiphertextException');
  for (const at of [0, 20, token.length - 1]) {
    const flipped = Buffer.from(token);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    expect(await refused(send(key, flipped))).toBe('InvalidImportTokenException');
  }
  expect(await refused(send(key, Buffer.from('x')))).toBe('InvalidImportTokenException');
  for (const bad of [wrapped.subarray(1), randomBytes(256), randomBytes(8)])
    expect(await refused(send(key, token, bad))).toBe('InvalidCiphertextException');
  const late = given.clock.aheadUs;
  given.clock.aheadUs += DAY_US + 1_000_000;
  const { accessKeyId, secretAccessKey } = await given.root.config.credentials();
  const tomorrow = given.client({ principal: '', accessKeyId, secretAccessKey });
  const expired = tomorrow.send(
    new kms.ImportKeyMaterialCommand({
      KeyId: key,
      ImportToken: token,
      EncryptedKeyMaterial: wrapped,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }),
  );
  expect(await refused(expired)).toBe('ExpiredImportTokenException');
  given.clock.aheadUs = late;
  await send(key, token);
});

test('only keys of the caller take material, wrapped by algorithms that are still trusted', async () => {
  const own = await newKey('AWS_KMS');
  expect(await refused(parameters(own))).toBe('UnsupportedOperationException');
  expect(await refused(given.root.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId: own })))).toBe(
    'UnsupportedOperationException',
  );
  const key = await newKey();
  expect(await refused(parameters(key, 'RSAES_PKCS1_V1_5'))).toBe('UnsupportedOperationException');
  expect(await refused(parameters(key, 'SM2PKE', 'SM2'))).toBe('UnsupportedOperationException');
  await importInto(key, randomBytes(32));
  for (const rotated of [
    given.root.send(new kms.EnableKeyRotationCommand({ KeyId: key })),
    given.root.send(new kms.DisableKeyRotationCommand({ KeyId: key })),
    given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId: key })),
  ])
    expect(await refused(rotated)).toBe('UnsupportedOperationException');
});

test.each<Partial<kms.ImportKeyMaterialCommandInput>>([
  { ExpirationModel: 'KEY_MATERIAL_EXPIRES' },
  { ExpirationModel: undefined },
  { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(Date.now() - 1_000) },
  { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(Date.now() + 366 * 86_400_000) },
  { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE', ValidTo: new Date(Date.now() + 86_400_000) },
])('a validity of %j is refused', async (input) => {
  expect(await refused(importInto(await newKey(), randomBytes(32), input))).toBe('ValidationException');
});

test('a key on its way out takes no material, and waits for it when it is rescued without', async () => {
  const key = await newKey();
  const material = randomBytes(32);
  await importInto(key, material);
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: key, PendingWindowInDays: 7 }));
  expect(await refused(parameters(key))).toBe('KMSInvalidStateException');
  await given.root.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId: key }));
  expect(await described(key)).toMatchObject({ KeyState: 'PendingDeletion' });
  await given.root.send(new kms.CancelKeyDeletionCommand({ KeyId: key }));
  expect(await described(key)).toMatchObject({ KeyState: 'PendingImport' });
  await importInto(key, material);
  expect(await described(key)).toMatchObject({ KeyState: 'Enabled' });
});

test('a disabled key takes its material and stays disabled', async () => {
  const key = await newKey();
  const material = randomBytes(32);
  await importInto(key, material);
  await given.root.send(new kms.DisableKeyCommand({ KeyId: key }));
  await importInto(key, material);
  expect(await described(key)).toMatchObject({ KeyState: 'Disabled' });
});

test('imported material survives a restart', async () => {
  const key = await newKey();
  await importInto(key, randomBytes(32));
  const sealed = (await encrypt(key)).CiphertextBlob;
  await given.restart();
  expect(await decrypt(sealed)).toBe('x');
});
