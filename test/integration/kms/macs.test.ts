import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountMay, givenService, policy, type Given } from './given.ts';

const SPECS = [
  { spec: 'HMAC_224', algorithm: 'HMAC_SHA_224', bytes: 28 },
  { spec: 'HMAC_256', algorithm: 'HMAC_SHA_256', bytes: 32 },
  { spec: 'HMAC_384', algorithm: 'HMAC_SHA_384', bytes: 48 },
  { spec: 'HMAC_512', algorithm: 'HMAC_SHA_512', bytes: 64 },
] as const;
const Message = Buffer.from('pay 100 to bob');

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

async function macKey(KeySpec: kms.KeySpec = 'HMAC_256', more: kms.CreateKeyCommandInput = {}): Promise<string> {
  const made = await given.root.send(new kms.CreateKeyCommand({ KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC', ...more }));
  return made.KeyMetadata?.Arn ?? '';
}
const generate = (input: Partial<kms.GenerateMacCommandInput> & { KeyId: string }) =>
  given.root.send(new kms.GenerateMacCommand({ Message, MacAlgorithm: 'HMAC_SHA_256', ...input }));
const verify = (input: Partial<kms.VerifyMacCommandInput> & { KeyId: string; Mac: Uint8Array | undefined }) =>
  given.root.send(new kms.VerifyMacCommand({ Message, MacAlgorithm: 'HMAC_SHA_256', ...input }));

for (const { spec, algorithm, bytes } of SPECS) {
  test(`a key of spec ${spec} says what it is for, makes MACs and knows them again, also after a restart`, async () => {
    const KeyId = await macKey(spec);
    const { KeyMetadata } = await given.root.send(new kms.DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeySpec: spec, KeyUsage: 'GENERATE_VERIFY_MAC', MacAlgorithms: [algorithm] });
    expect(KeyMetadata).not.toHaveProperty('EncryptionAlgorithms');
    expect(KeyMetadata).not.toHaveProperty('CurrentKeyMaterialId');
    const made = await generate({ KeyId, MacAlgorithm: algorithm });
    expect(made).toMatchObject({ KeyId, MacAlgorithm: algorithm });
    expect(made.Mac).toHaveLength(bytes);
    await given.restart();
    const verified = await verify({ KeyId, MacAlgorithm: algorithm, Mac: made.Mac });
    expect(verified).toMatchObject({ KeyId, MacAlgorithm: algorithm, MacValid: true });
    const { request, key } = given.eventOf(verified);
    expect(request).toEqual({ KeyId, MacAlgorithm: algorithm });
    expect(key).toMatchObject({ arn: KeyId, spec, version: 1 });
  });
}

test('a wrong MAC is refused without a message, and neither text nor MAC becomes evidence', async () => {
  const KeyId = await macKey();
  const { Mac } = await generate({ KeyId });
  const wrong = Buffer.from(Mac ?? []);
  wrong[5] = (wrong[5] ?? 0) ^ 1;
  const other = await macKey();
  for (const input of [
    { KeyId, Mac: wrong },
    { KeyId, Mac: wrong.subarray(0, 16) },
    { KeyId, Mac, Message: Buffer.from('pay 900 to bob') },
    { KeyId: other, Mac },
  ]) {
    const refused = await given.refusalOf(verify(input));
    expect(refused).toMatchObject({ name: 'KMSInvalidMacException', status: 400 });
    expect(refused.message).not.toMatch(/mac|pay/i);
    const text = JSON.stringify(refused.event);
    for (const secret of [input.Mac, input.Message ?? Message])
      expect(text).not.toContain(Buffer.from(secret ?? []).toString('base64'));
  }
});

test('wrong usages and algorithms are refused in the words of AWS, in dry runs too', async () => {
  const KeyId = await macKey();
  const symmetric = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  expect(await given.refusalOf(generate({ KeyId: symmetric }))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: `${symmetric} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.`,
  });
  expect(await given.refusalOf(generate({ KeyId, MacAlgorithm: 'HMAC_SHA_512', DryRun: true }))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: 'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.',
  });
  expect(await given.refusalOf(generate({ KeyId, DryRun: true }))).toMatchObject({ name: 'DryRunOperationException' });
  const encrypt = new kms.EncryptCommand({ KeyId, Plaintext: Message });
  expect(await given.refusalOf(given.root.send(encrypt))).toMatchObject({
    name: 'InvalidKeyUsageException',
    message: `${KeyId} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.`,
  });
});

test('a key that is not for encryption needs its usage said, and one that fits', async () => {
  const create = (input: kms.CreateKeyCommandInput) =>
    given.refusalOf(given.root.send(new kms.CreateKeyCommand(input)));
  expect(await create({ KeySpec: 'HMAC_256' })).toMatchObject({
    name: 'ValidationException',
    message: 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  });
  expect(await create({ KeySpec: 'HMAC_256', KeyUsage: 'ENCRYPT_DECRYPT' })).toMatchObject({
    name: 'ValidationException',
    message: 'KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256',
  });
  expect(await create({ KeyUsage: 'GENERATE_VERIFY_MAC' })).toMatchObject({ name: 'ValidationException' });
});

test('such a key does not rotate, and says so without failing those who only ask', async () => {
  const KeyId = await macKey();
  for (const sent of [
    given.root.send(new kms.EnableKeyRotationCommand({ KeyId })),
    given.root.send(new kms.DisableKeyRotationCommand({ KeyId })),
    given.root.send(new kms.RotateKeyOnDemandCommand({ KeyId })),
  ])
    expect(await given.refusalOf(sent)).toMatchObject({
      name: 'UnsupportedOperationException',
      message: `${KeyId} key spec is HMAC_256 which is not valid for this operation.`,
    });
  expect(await given.root.send(new kms.GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({
    KeyRotationEnabled: false,
  });
});

test('a policy can tell MAC algorithms apart', async () => {
  const deny = {
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:VerifyMac',
    Resource: '*',
    Condition: { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } },
  };
  const KeyId = await macKey('HMAC_256', { Policy: policy(accountMay(), deny) });
  const { Mac } = await generate({ KeyId });
  expect(await given.refusalOf(verify({ KeyId, Mac }))).toMatchObject({ name: 'AccessDeniedException' });
  const other = await macKey('HMAC_512', { Policy: policy(accountMay(), deny) });
  const made = await generate({ KeyId: other, MacAlgorithm: 'HMAC_SHA_512' });
  expect(await verify({ KeyId: other, MacAlgorithm: 'HMAC_SHA_512', Mac: made.Mac })).toMatchObject({ MacValid: true });
});

test('a disabled key neither makes nor checks MACs', async () => {
  const KeyId = await macKey();
  const { Mac } = await generate({ KeyId });
  await given.root.send(new kms.DisableKeyCommand({ KeyId }));
  for (const sent of [generate({ KeyId }), verify({ KeyId, Mac })])
    expect(await given.refusalOf(sent)).toMatchObject({
      name: 'DisabledException',
      message: `${KeyId} is disabled.`,
    });
});
