import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, REGION, givenService, type Given } from './given.ts';

let given: Given;
let keyId: string;
let arn: string;
let otherArn: string;
const plaintext = Buffer.from('attack at dawn');

beforeAll(async () => {
  given = await givenService();
  const { KeyMetadata } = await given.root.send(new kms.CreateKeyCommand({}));
  keyId = KeyMetadata?.KeyId ?? '';
  arn = KeyMetadata?.Arn ?? '';
  otherArn = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/app', TargetKeyId: keyId }));
});
afterAll(() => given.close());

const encrypt = async (input: Partial<kms.EncryptCommandInput> = {}): Promise<Uint8Array> =>
  (await given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: plaintext, ...input }))).CiphertextBlob ??
  new Uint8Array();
const decrypt = (input: kms.DecryptCommandInput) => given.root.send(new kms.DecryptCommand(input));
const refused = (sent: Promise<unknown>) => given.refusalOf(sent);

test('a plaintext goes round by key id, key ARN, alias and alias ARN, and the answers name the key', async () => {
  for (const KeyId of [keyId, arn, 'alias/app', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/app`]) {
    const sealed = await given.root.send(new kms.EncryptCommand({ KeyId, Plaintext: plaintext }));
    expect(sealed).toMatchObject({ KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
    const opened = await decrypt({ CiphertextBlob: sealed.CiphertextBlob, KeyId });
    expect(opened).toMatchObject({ KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(plaintext);
  }
  const [, , byAlias] = given.events().slice(-4);
  expect(byAlias?.key?.alias).toBe('alias/app');
});

test('Decrypt finds the key by itself, and the two events tell of one blob', async () => {
  const sealed = await given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: plaintext }));
  const opened = await decrypt({ CiphertextBlob: sealed.CiphertextBlob });
  expect(opened.KeyId).toBe(arn);
  const out = given.eventOf(sealed);
  const back = given.eventOf(opened);
  expect(out.ciphertext?.out).toMatch(/^[0-9a-f]{32}$/);
  expect(back.ciphertext).toEqual({ in: out.ciphertext?.out });
  expect(back).toMatchObject({
    operation: 'Decrypt',
    kind: 'data',
    outcome: 'success',
    region: REGION,
    actor: { arn: `arn:aws:iam::${ACCOUNT}:root`, type: 'root', account: ACCOUNT },
    origin: { ip: '127.0.0.1' },
    key: { arn, account: ACCOUNT, region: REGION, spec: 'SYMMETRIC_DEFAULT', version: 1 },
    decision: { effect: 'allow', by: 'key-policy', sid: 'Enable IAM User Permissions' },
    changes: [],
  });
});

test('the encryption context must be the same, whatever its order, and is evidence', async () => {
  const EncryptionContext = { tenant: '42', app: 'größer' };
  const sealed = await encrypt({ EncryptionContext });
  const opened = await decrypt({ CiphertextBlob: sealed, EncryptionContext: { app: 'größer', tenant: '42' } });
  expect(given.eventOf(opened).encryptionContext).toEqual(EncryptionContext);
  const others = [undefined, {}, { tenant: '42' }, { tenant: '43', app: 'größer' }, { Tenant: '42', app: 'größer' }];
  for (const other of others) {
    const { name, message, status, event } = await refused(
      decrypt({ CiphertextBlob: sealed, ...(other === undefined ? {} : { EncryptionContext: other }) }),
    );
    expect([name, status]).toEqual(['InvalidCiphertextException', 400]);
    expect(message).not.toMatch(/context|tag|auth/i);
    expect(event).toMatchObject({ outcome: 'invalid', errorCode: 'InvalidCiphertextException', key: { arn } });
  }
});

test('a changed or foreign blob is InvalidCiphertextException with nothing said about why', async () => {
  const sealed = Buffer.from(await encrypt());
  const answers = new Set<string>();
  const wrong = [0, 4, 25, 30, 45, sealed.length - 1].map((at) => {
    const copy = Buffer.from(sealed);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
  });
  const version = Buffer.from(sealed);
  version.writeUInt32BE(9, 21);
  for (const CiphertextBlob of [
    ...wrong,
    version,
    sealed.subarray(0, 57),
    Buffer.from('nonsense'),
    Buffer.alloc(6144),
  ]) {
    const { name, message } = await refused(decrypt({ CiphertextBlob, KeyId: arn }));
    answers.add(`${name} ${message}`);
  }
  // A flipped kind or id names another key, which the named one is not.
  expect([...answers].map((answer) => answer.split(' ')[0]).sort()).toEqual([
    'IncorrectKeyException',
    'InvalidCiphertextException',
  ]);
});

test('a blob of one key presented with another is IncorrectKeyException', async () => {
  const sealed = await encrypt();
  const { name, message, event } = await refused(decrypt({ CiphertextBlob: sealed, KeyId: otherArn }));
  expect(name).toBe('IncorrectKeyException');
  expect(message).toBe('The key ID in the request does not identify a CMK that can perform this operation.');
  expect(event).toMatchObject({ outcome: 'invalid', key: { arn: otherArn } });
});

test('ReEncrypt moves a blob to another key and context, and its event names both', async () => {
  const sealed = await encrypt({ EncryptionContext: { a: '1' } });
  const moved = await given.root.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: sealed,
      SourceEncryptionContext: { a: '1' },
      DestinationKeyId: otherArn,
      DestinationEncryptionContext: { b: '2' },
    }),
  );
  expect(moved).toMatchObject({
    SourceKeyId: arn,
    KeyId: otherArn,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  });
  const opened = await decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: '2' } });
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(plaintext);
  const event = given.eventOf(moved);
  expect(event).toMatchObject({
    key: { arn: otherArn, version: 1 },
    sourceKey: { arn, version: 1 },
    encryptionContext: { b: '2' },
    sourceEncryptionContext: { a: '1' },
  });
  expect(event.ciphertext?.in).not.toBe(event.ciphertext?.out);
});

test('ReEncrypt refuses each side for itself', async () => {
  const sealed = await encrypt({ EncryptionContext: { a: '1' } });
  const reEncrypt = (input: Partial<kms.ReEncryptCommandInput>) =>
    refused(
      given.root.send(
        new kms.ReEncryptCommand({
          CiphertextBlob: sealed,
          DestinationKeyId: otherArn,
          SourceEncryptionContext: { a: '1' },
          ...input,
        }),
      ),
    );
  expect((await reEncrypt({ SourceEncryptionContext: {} })).name).toBe('InvalidCiphertextException');
  expect((await reEncrypt({ SourceKeyId: otherArn })).name).toBe('IncorrectKeyException');
  const missing = await reEncrypt({ DestinationKeyId: 'alias/nobody' });
  expect(missing.name).toBe('NotFoundException');
  expect(missing.event.sourceKey?.arn).toBe(arn);
  expect(missing.event.key).toBeUndefined();
  expect((await reEncrypt({ DryRun: true })).name).toBe('DryRunOperationException');
});

test('a data key comes in the size asked for, sealed and, if wanted, open', async () => {
  for (const [size, input] of [
    [32, { KeySpec: 'AES_256' }],
    [16, { KeySpec: 'AES_128' }],
    [1, { NumberOfBytes: 1 }],
    [24, { NumberOfBytes: 24 }],
    [1024, { NumberOfBytes: 1024 }],
  ] as const) {
    const made = await given.root.send(
      new kms.GenerateDataKeyCommand({ KeyId: arn, ...input, EncryptionContext: { a: '1' } }),
    );
    expect(made.KeyId).toBe(arn);
    expect(made.Plaintext).toHaveLength(size);
    const opened = await decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: { a: '1' } });
    expect(opened.Plaintext).toEqual(made.Plaintext);
    const without = await given.root.send(new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId: arn, ...input }));
    expect(without).not.toHaveProperty('Plaintext');
    expect((await decrypt({ CiphertextBlob: without.CiphertextBlob })).Plaintext).toHaveLength(size);
  }
});

test('a data key of no size, or of two, is refused', async () => {
  const make = (input: object) => refused(given.root.send(new kms.GenerateDataKeyCommand({ KeyId: arn, ...input })));
  expect((await make({})).name).toBe('ValidationException');
  expect((await make({ KeySpec: 'AES_256', NumberOfBytes: 32 })).name).toBe('ValidationException');
  expect((await make({ NumberOfBytes: 1025 })).message).toContain('less than or equal to 1024');
});

test('an answer meant for an attested enclave is refused, not given to whoever asked', async () => {
  const Recipient = { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: Buffer.from('x') } as const;
  const CiphertextBlob = await encrypt();
  const all = [
    () => given.root.send(new kms.GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256', Recipient })),
    () => decrypt({ CiphertextBlob, Recipient }),
    () => given.root.send(new kms.GenerateRandomCommand({ NumberOfBytes: 8, Recipient })),
  ];
  for (const send of all) expect((await refused(send())).name).toBe('UnsupportedOperationException');
});

test('random bytes are as many as asked for, and never the same', async () => {
  const random = async (NumberOfBytes: number) =>
    (await given.root.send(new kms.GenerateRandomCommand({ NumberOfBytes }))).Plaintext ?? new Uint8Array();
  expect(await random(1)).toHaveLength(1);
  expect(await random(1024)).toHaveLength(1024);
  expect(await random(32)).not.toEqual(await random(32));
});

test('a dry run says that it would have succeeded, after all checks and without the deed', async () => {
  const CiphertextBlob = await encrypt();
  for (const send of [
    () => given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: plaintext, DryRun: true })),
    () => decrypt({ CiphertextBlob, DryRun: true }),
    () => given.root.send(new kms.GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256', DryRun: true })),
  ]) {
    const { name, message, status } = await refused(send());
    expect([name, status]).toEqual(['DryRunOperationException', 400]);
    expect(message).toBe('The request would have succeeded, but the DryRun option is set.');
  }
  const absent = given.root.send(new kms.EncryptCommand({ KeyId: 'alias/no', Plaintext: plaintext, DryRun: true }));
  expect((await refused(absent)).name).toBe('NotFoundException');
  const wrong = decrypt({ CiphertextBlob, EncryptionContext: { a: '1' }, DryRun: true });
  expect((await refused(wrong)).name).toBe('InvalidCiphertextException');
});

test('a dry run of Decrypt without a ciphertext asks for permission only', async () => {
  const DryRunModifiers = ['IGNORE_CIPHERTEXT'] as kms.DecryptCommandInput['DryRunModifiers'];
  const dry = await refused(decrypt({ KeyId: arn, DryRun: true, DryRunModifiers }));
  expect(dry.name).toBe('DryRunOperationException');
  const wet = await refused(decrypt({ KeyId: arn, DryRunModifiers }));
  expect(wet.name).toBe('ValidationException');
  const keyless = await refused(decrypt({ DryRun: true, DryRunModifiers }));
  expect(keyless.name).toBe('ValidationException');
});

test('an algorithm of another kind of key is refused with its name', async () => {
  const { name, message } = await refused(
    given.root.send(
      new kms.EncryptCommand({ KeyId: arn, Plaintext: plaintext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    ),
  );
  expect(name).toBe('InvalidKeyUsageException');
  expect(message).toBe('Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.');
});

test('a plaintext of 4,096 bytes goes round; one byte more, none, or no ciphertext is refused', async () => {
  const CiphertextBlob = await encrypt({ Plaintext: Buffer.alloc(4096, 7) });
  expect((await decrypt({ CiphertextBlob })).Plaintext).toEqual(new Uint8Array(4096).fill(7));
  const long = given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: Buffer.alloc(4097) }));
  expect((await refused(long)).name).toBe('ValidationException');
  const none = given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: Buffer.alloc(0) }));
  expect((await refused(none)).name).toBe('ValidationException');
  expect((await refused(decrypt({ CiphertextBlob: undefined }))).message).toContain("'ciphertextBlob'");
});

test('a key that is not there is named; so is an ARN of another Region', async () => {
  const absent = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`;
  const use = (KeyId: string) => refused(given.root.send(new kms.EncryptCommand({ KeyId, Plaintext: plaintext })));
  expect(await use(absent)).toMatchObject({ name: 'NotFoundException', message: `Key '${absent}' does not exist` });
  expect(await use('alias/absent')).toMatchObject({
    name: 'NotFoundException',
    message: `Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/absent is not found.`,
  });
  expect(await use(arn.replace(REGION, 'us-east-1'))).toMatchObject({
    name: 'NotFoundException',
    message: 'Invalid arn us-east-1',
  });
  for (const odd of ['x'.repeat(2048), '\u{1F600}'.repeat(1000), 'arn:aws:kms', 'a\0b', '__proto__', 'alias/'])
    expect((await use(odd)).name).toBe('NotFoundException');
});
