import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, OTHER_ACCOUNT, REGION, accountMay, givenService, policy, type Given } from './given.ts';

let given: Given;
/** A role of the account without any policy, one with every permission, and the same two of another account. */
let plain: kms.KMSClient;
let trusted: kms.KMSClient;
let foreignRoot: kms.KMSClient;
let foreignTrusted: kms.KMSClient;
let foreignPlain: kms.KMSClient;

const role = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;
const PLAIN = role('plain');
const FOREIGN_TRUSTED = role('trusted', OTHER_ACCOUNT);
const ALL = { Version: '2012-10-17', Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' }] };
const Plaintext = Buffer.from('x');

beforeAll(async () => {
  given = await givenService();
  plain = await given.as(PLAIN);
  trusted = await given.as(role('trusted'), { all: ALL });
  foreignRoot = await given.as(`arn:aws:iam::${OTHER_ACCOUNT}:root`);
  foreignTrusted = await given.as(FOREIGN_TRUSTED, { all: ALL });
  foreignPlain = await given.as(role('plain', OTHER_ACCOUNT));
});
afterAll(() => given.close());

const create = async (Policy?: string, input: kms.CreateKeyCommandInput = {}): Promise<string> =>
  (await given.root.send(new kms.CreateKeyCommand({ ...input, ...(Policy === undefined ? {} : { Policy }) })))
    .KeyMetadata?.Arn ?? '';
const put = (KeyId: string, Policy: string, client = given.root, more: Partial<kms.PutKeyPolicyCommandInput> = {}) =>
  client.send(new kms.PutKeyPolicyCommand({ KeyId, Policy, ...more }));
const encrypt = (client: kms.KMSClient, KeyId: string, EncryptionContext?: Record<string, string>) =>
  client.send(
    new kms.EncryptCommand({ KeyId, Plaintext, ...(EncryptionContext === undefined ? {} : { EncryptionContext }) }),
  );
const may = (Sid: string, principal: string, more: object = {}) => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: principal },
  Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
  Resource: '*',
  ...more,
});

test('without a word in the key policy or in IAM a role may nothing, and the event says that nothing allowed it', async () => {
  const arn = await create();
  const { name, message, event, status } = await given.refusalOf(encrypt(plain, arn));
  expect([name, status]).toEqual(['AccessDeniedException', 400]);
  expect(message).toBe(
    `User: ${PLAIN} is not authorized to perform: kms:Encrypt on resource: ${arn} because no resource-based policy allows the kms:Encrypt action`,
  );
  expect(event).toMatchObject({
    operation: 'Encrypt',
    outcome: 'denied',
    errorCode: 'AccessDeniedException',
    actor: { arn: PLAIN, type: 'role' },
    key: { arn },
    decision: { effect: 'deny', by: 'implicit' },
  });
});

test('the account statement lets IAM policies decide, and the event names the policy that did', async () => {
  const arn = await create();
  const event = given.eventOf(await encrypt(trusted, arn));
  expect(event.decision).toMatchObject({ effect: 'allow', by: 'iam-policy', sid: 'Everything' });
  await put(arn, policy(may('Root', `arn:aws:iam::${ACCOUNT}:root`, { Action: ['kms:PutKeyPolicy', 'kms:Decrypt'] })));
  expect((await given.refusalOf(encrypt(trusted, arn))).name).toBe('AccessDeniedException');
});

test('a role that the key policy names may, without any IAM policy', async () => {
  const arn = await create(policy(accountMay(), may('Payments', PLAIN)));
  expect(given.eventOf(await encrypt(plain, arn)).decision).toMatchObject({
    effect: 'allow',
    by: 'key-policy',
    sid: 'Payments',
  });
});

test('a denial wins over every permission; the event names its statement, the answer does not', async () => {
  const deny = { Sid: 'NeverPayments', Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*' };
  const arn = await create(policy(accountMay(), may('Payments', PLAIN), deny));
  for (const client of [plain, trusted, given.root]) {
    const { name, message, event } = await given.refusalOf(encrypt(client, arn));
    expect(name).toBe('AccessDeniedException');
    expect(message).toContain('with an explicit deny in a resource-based policy');
    expect(message).not.toContain('NeverPayments');
    expect(event.decision).toMatchObject({ effect: 'deny', by: 'key-policy', sid: 'NeverPayments' });
    expect(event.decision?.policyDigest).toMatch(/^[0-9a-f]{64}$/);
  }
});

test('a denial in an identity policy wins too, and is told as one', async () => {
  const denied = await given.as(role('denied'), {
    all: ALL,
    not: { Version: '2012-10-17', Statement: [{ Sid: 'NotThis', Effect: 'Deny', Action: 'kms:Enc*', Resource: '*' }] },
  });
  const arn = await create();
  const { message, event } = await given.refusalOf(encrypt(denied, arn));
  expect(message).toContain('with an explicit deny in an identity-based policy');
  expect(event.decision).toMatchObject({ effect: 'deny', by: 'iam-policy', sid: 'NotThis' });
});

test('conditions on the encryption context hold for uses of the key', async () => {
  const Condition = { StringEquals: { 'kms:EncryptionContext:tenant': '42' } };
  const arn = await create(policy(accountMay(), may('Tenant', PLAIN, { Condition })));
  const sealed = await encrypt(plain, arn, { tenant: '42', more: 'is allowed' });
  expect((await given.refusalOf(encrypt(plain, arn, { tenant: '43' }))).name).toBe('AccessDeniedException');
  expect((await given.refusalOf(encrypt(plain, arn))).name).toBe('AccessDeniedException');
  const open = (EncryptionContext: Record<string, string>) =>
    plain.send(new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext }));
  await open({ tenant: '42', more: 'is allowed' });
  const wrong = await given.refusalOf(open({ tenant: '43' }));
  expect([wrong.name, wrong.event.encryptionContext]).toEqual(['AccessDeniedException', { tenant: '43' }]);
});

test('conditions on alias, tags, transport and Region hold', async () => {
  const arn = await create(
    policy(
      accountMay(),
      may('Alias', PLAIN, { Condition: { StringEquals: { 'kms:RequestAlias': 'alias/conditioned' } } }),
      {
        Sid: 'OnlyHere',
        Effect: 'Deny',
        Principal: '*',
        Action: 'kms:Encrypt',
        Resource: '*',
        Condition: { StringNotEquals: { 'aws:RequestedRegion': REGION } },
      },
      {
        Sid: 'NoTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 'kms:GenerateDataKey',
        Resource: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Sid: 'Secret',
        Effect: 'Deny',
        Principal: '*',
        Action: 'kms:DescribeKey',
        Resource: '*',
        Condition: { StringEquals: { 'aws:ResourceTag/class': 'secret' } },
      },
    ),
  );
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/conditioned', TargetKeyId: arn }));
  await encrypt(plain, 'alias/conditioned');
  expect((await given.refusalOf(encrypt(plain, arn))).name).toBe('AccessDeniedException');
  const dataKey = new kms.GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256' });
  expect((await given.refusalOf(given.root.send(dataKey))).event.decision?.sid).toBe('NoTls');
  await given.root.send(new kms.DescribeKeyCommand({ KeyId: arn }));
  await given.root.send(new kms.TagResourceCommand({ KeyId: arn, Tags: [{ TagKey: 'class', TagValue: 'secret' }] }));
  const described = await given.refusalOf(given.root.send(new kms.DescribeKeyCommand({ KeyId: arn })));
  expect(described.event.decision?.sid).toBe('Secret');
});

test('another account needs both: its name in the key policy, and its own IAM', async () => {
  const arn = await create(policy(accountMay(), may('Partner', FOREIGN_TRUSTED)));
  const event = given.eventOf(await encrypt(foreignTrusted, arn));
  expect(event).toMatchObject({
    actor: { account: OTHER_ACCOUNT },
    key: { arn, account: ACCOUNT },
    decision: { effect: 'allow', sid: 'Partner' },
  });
  const both = await create(policy(accountMay(), may('Partners', `arn:aws:iam::${OTHER_ACCOUNT}:root`)));
  await encrypt(foreignTrusted, both);
  expect((await given.refusalOf(encrypt(foreignPlain, both))).name).toBe('AccessDeniedException');
});

test('another account may use a key and never administer it, whatever the policy says', async () => {
  const partner = { ...accountMay(OTHER_ACCOUNT), Sid: 'Partner' };
  const arn = await create(policy(accountMay(), partner));
  const all = [
    new kms.DisableKeyCommand({ KeyId: arn }),
    new kms.ScheduleKeyDeletionCommand({ KeyId: arn }),
    new kms.PutKeyPolicyCommand({ KeyId: arn, Policy: policy(accountMay(OTHER_ACCOUNT)) }),
    new kms.GetKeyPolicyCommand({ KeyId: arn }),
    new kms.TagResourceCommand({ KeyId: arn, Tags: [] }),
    new kms.CreateAliasCommand({ AliasName: 'alias/stolen', TargetKeyId: arn }),
    new kms.ListAliasesCommand({ KeyId: arn }),
    new kms.RotateKeyOnDemandCommand({ KeyId: arn }),
  ];
  for (const command of all) {
    const { name } = await given.refusalOf(foreignRoot.send(command as object as kms.DescribeKeyCommand));
    expect(`${command.constructor.name} ${name}`).toBe(`${command.constructor.name} AccessDeniedException`);
  }
  await foreignRoot.send(new kms.DescribeKeyCommand({ KeyId: arn }));
  await foreignRoot.send(new kms.GetKeyRotationStatusCommand({ KeyId: arn }));
});

test('another account cannot tell a key that it may not use from one that is not there, by id, by alias or by its ciphertexts', async () => {
  const arn = await create();
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/hidden', TargetKeyId: arn }));
  const { CiphertextBlob } = await encrypt(given.root, arn);
  const blob = Buffer.from(CiphertextBlob ?? []);
  const unknown = Buffer.from(blob);
  unknown.fill(9, 5, 21);
  const keys = `arn:aws:kms:${REGION}:${ACCOUNT}:key/`;
  const aliases = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/`;
  const absent = `${keys}00000000-0000-4000-8000-000000000000`;
  const pairs: readonly (readonly [there: string, absent: string])[] = [
    [arn, absent],
    [`${aliases}hidden`, `${aliases}absent`],
  ];
  const told = async (client: kms.KMSClient, command: object, named: string): Promise<string> => {
    const { name, message, status } = await given.refusalOf(client.send(command as kms.DescribeKeyCommand));
    return `${String(status)} ${name} ${message.replaceAll(named, '<named>')}`;
  };
  for (const client of [foreignRoot, foreignTrusted, foreignPlain]) {
    for (const [there, gone] of pairs) {
      const commands: readonly ((KeyId: string) => object)[] = [
        (KeyId) => new kms.DescribeKeyCommand({ KeyId }),
        (KeyId) => new kms.EncryptCommand({ KeyId, Plaintext }),
        (KeyId) => new kms.DecryptCommand({ KeyId, CiphertextBlob: blob }),
        (KeyId) => new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }),
        (KeyId) => new kms.ReEncryptCommand({ SourceKeyId: KeyId, DestinationKeyId: KeyId, CiphertextBlob: blob }),
        (KeyId) => new kms.EnableKeyCommand({ KeyId }),
        (KeyId) => new kms.GetKeyPolicyCommand({ KeyId }),
        (KeyId) => new kms.ListAliasesCommand({ KeyId }),
        (KeyId) => new kms.CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: KeyId }),
        (KeyId) => new kms.DescribeKeyCommand({ KeyId }),
      ];
      for (const command of commands)
        expect(await told(client, command(there), there)).toBe(await told(client, command(gone), gone));
    }
    for (const command of [
      (CiphertextBlob: Buffer) => new kms.DecryptCommand({ CiphertextBlob }),
      (CiphertextBlob: Buffer) => new kms.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: absent }),
    ]) {
      const answer = await told(client, command(blob), arn);
      expect(answer).toBe(await told(client, command(unknown), arn));
      expect(answer).toContain(
        'AccessDeniedException The ciphertext refers to a customer master key that does not exist',
      );
    }
  }
});

test('the caller must be able to change the policy again, unless he insists', async () => {
  const arn = await create();
  const locked = policy(may('Only', PLAIN, { Action: 'kms:*' }));
  const { name, message, event } = await given.refusalOf(put(arn, locked));
  expect(name).toBe('MalformedPolicyDocumentException');
  expect(message).toBe('The new key policy will not allow you to update the key policy in the future.');
  expect(event.changes).toEqual([]);
  const made = await given.refusalOf(given.root.send(new kms.CreateKeyCommand({ Policy: locked })));
  expect(made.name).toBe('MalformedPolicyDocumentException');
  await put(arn, locked, given.root, { BypassPolicyLockoutSafetyCheck: true });
  expect((await given.refusalOf(given.root.send(new kms.DescribeKeyCommand({ KeyId: arn })))).name).toBe(
    'AccessDeniedException',
  );
  await put(arn, policy(accountMay()), plain, { BypassPolicyLockoutSafetyCheck: true });
  await given.root.send(new kms.DescribeKeyCommand({ KeyId: arn }));
});

test.each([
  ['not JSON', '{"Version":'],
  ['no statement', '{"Version":"2012-10-17"}'],
  ['an unknown effect', policy({ ...accountMay(), Effect: 'Maybe' })],
  ['no principal', policy({ Effect: 'Allow', Action: 'kms:*', Resource: '*' })],
  ['an unknown operator', policy({ ...accountMay(), Condition: { StringIsh: { a: 'b' } } })],
  ['an unknown element', policy({ ...accountMay(), Extra: 1 })],
  ['a repeated member', '{"Statement":[],"Statement":[]}'],
  ['nothing but an array', '[]'],
])('a policy with %s is malformed, and nothing changes', async (_, text) => {
  const arn = await create();
  const before = await given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn }));
  expect((await given.refusalOf(put(arn, text))).name).toBe('MalformedPolicyDocumentException');
  const after = await given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn }));
  expect(after.Policy).toBe(before.Policy);
});

test('a policy of 32 KiB is kept to the letter, beside the event where it is too long for it; a longer one is refused', async () => {
  const arn = await create();
  const padded = (bytes: number): string => policy(accountMay()).padEnd(bytes, ' ');
  for (const bytes of [16_384, 16_385, 32_768]) {
    const event = given.eventOf(await put(arn, padded(bytes)));
    const [change] = event.changes;
    expect(change).toMatchObject({ type: 'PolicyChanged', key: arn });
    expect((await given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn }))).Policy).toBe(padded(bytes));
  }
  const { name } = await given.refusalOf(put(arn, padded(32_769)));
  expect(name).toBe('LimitExceededException');
  const tooLong = given.root.send(new kms.CreateKeyCommand({ Policy: padded(32_769) }));
  expect((await given.refusalOf(tooLong)).name).toBe('LimitExceededException');
});

test('a policy is in force and readable the moment PutKeyPolicy is answered, time after time', async () => {
  const arn = await create();
  for (let round = 0; round < 10; round += 1) {
    const text = policy(accountMay(), may(`Round${String(round)}`, PLAIN, round % 2 === 0 ? {} : { Effect: 'Deny' }));
    const event = given.eventOf(await put(arn, text));
    expect(event.changes).toMatchObject([{ type: 'PolicyChanged', after: { text } }]);
    const { Policy, PolicyName } = await given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn }));
    expect([Policy, PolicyName]).toEqual([text, 'default']);
    if (round % 2 === 0) await encrypt(plain, arn);
    else expect((await given.refusalOf(encrypt(plain, arn))).event.decision?.sid).toBe(`Round${String(round)}`);
  }
});

test('the one policy of a key is called default', async () => {
  const arn = await create();
  const list = await given.root.send(new kms.ListKeyPoliciesCommand({ KeyId: arn }));
  expect(list).toMatchObject({ PolicyNames: ['default'], Truncated: false });
  const named = await given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' }));
  expect(named.Policy).toContain('Enable IAM User Permissions');
  const other = given.root.send(new kms.GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'other' }));
  expect((await given.refusalOf(other)).name).toBe('NotFoundException');
  const forged = given.root.send(new kms.ListKeyPoliciesCommand({ KeyId: arn, Marker: 'forged' }));
  expect((await given.refusalOf(forged)).name).toBe('InvalidMarkerException');
});

test('an alias is made by who may use its name and its key; each is a question of its own', async () => {
  const arn = await create(policy(accountMay(), may('NoAlias', PLAIN)));
  const make = (client: kms.KMSClient) =>
    client.send(new kms.CreateAliasCommand({ AliasName: 'alias/asked', TargetKeyId: arn }));
  expect((await given.refusalOf(make(plain))).message).toContain('kms:CreateAlias on resource: arn:aws:kms');
  const halfway = await given.as(role('halfway'), {
    alias: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'kms:CreateAlias', Resource: `arn:aws:kms:*:${ACCOUNT}:alias/*` }],
    },
  });
  const { message, event } = await given.refusalOf(make(halfway));
  expect(message).toContain(`on resource: ${arn}`);
  expect(event.key?.arn).toBe(arn);
  await make(trusted);
});

test('a principal that is removed is refused from that moment, with a signature that was good before', async () => {
  const going = await given.as(role('going'), { all: ALL });
  await going.send(new kms.ListKeysCommand({}));
  await given.remove(role('going'));
  const { name, event } = await given.refusalOf(going.send(new kms.ListKeysCommand({})));
  expect(name).toBe('UnrecognizedClientException');
  expect(event.outcome).toBe('denied');
  // The name alone, without its old access key, is another principal.
  const again = await given.as(role('going'));
  expect((await given.refusalOf(again.send(new kms.ListKeysCommand({})))).name).toBe('AccessDeniedException');
  expect((await given.refusalOf(going.send(new kms.ListKeysCommand({})))).name).toBe('UnrecognizedClientException');
});
