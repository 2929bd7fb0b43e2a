import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, REGION, givenService, type Given } from './given.ts';

let given: Given;
beforeAll(async () => {
  given = await givenService();
});
afterAll(() => given.close());

const create = async (input: kms.CreateKeyCommandInput = {}): Promise<kms.KeyMetadata> =>
  (await given.root.send(new kms.CreateKeyCommand(input))).KeyMetadata as kms.KeyMetadata;
const describe = async (KeyId: string): Promise<kms.KeyMetadata> =>
  (await given.root.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata as kms.KeyMetadata;
const refused = (command: object, client = given.root) =>
  given.refusalOf(client.send(command as kms.DescribeKeyCommand));

test('a key is described as AWS describes one, and its birth is one event with one fact', async () => {
  const made = await given.root.send(
    new kms.CreateKeyCommand({ Description: 'for größe', Tags: [{ TagKey: 'team', TagValue: 'payments' }] }),
  );
  const metadata = made.KeyMetadata as kms.KeyMetadata;
  expect(metadata).toMatchObject({
    AWSAccountId: ACCOUNT,
    Arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${metadata.KeyId ?? ''}`,
    Description: 'for größe',
    Enabled: true,
    KeyState: 'Enabled',
    KeySpec: 'SYMMETRIC_DEFAULT',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyManager: 'CUSTOMER',
    Origin: 'AWS_KMS',
    MultiRegion: false,
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  });
  expect(metadata.KeyId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  expect(metadata.CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
  expect(Math.abs((metadata.CreationDate?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(await describe(metadata.KeyId ?? '')).toEqual(metadata);
  const event = given.eventOf(made);
  expect(event).toMatchObject({
    operation: 'CreateKey',
    kind: 'management',
    key: { arn: metadata.Arn, version: 1 },
    changes: [{ type: 'KeyCreated', key: metadata.Arn, tags: { team: 'payments' }, description: 'for größe' }],
  });
  expect(event.request).not.toHaveProperty('Tags');
});

test.each([
  [{ KeyUsage: 'SIGN_VERIFY' }, 'ValidationException'],
  [{ CustomKeyStoreId: 'cks-1' }, 'CustomKeyStoreNotFoundException'],
] as const)('a key of kind %o is refused with %s, and none is made', async (input, code) => {
  const { name, event } = await refused(new kms.CreateKeyCommand(input));
  expect([name, event.changes]).toEqual([code, []]);
});

test('a key is switched off and on, says so at once, and saying it twice changes nothing', async () => {
  const { Arn: arn = '' } = await create();
  for (const [switched, state, type] of [
    [() => given.root.send(new kms.DisableKeyCommand({ KeyId: arn })), 'Disabled', 'KeyDisabled'],
    [() => given.root.send(new kms.EnableKeyCommand({ KeyId: arn })), 'Enabled', 'KeyEnabled'],
  ] as const) {
    const answer = await switched();
    expect(given.eventOf(answer).changes).toEqual([{ type, v: 1, key: arn }]);
    expect(await describe(arn)).toMatchObject({ KeyState: state, Enabled: state === 'Enabled' });
    expect(given.eventOf(await switched()).changes).toEqual([]);
  }
  await given.root.send(new kms.DisableKeyCommand({ KeyId: arn }));
  const { name, message } = await refused(new kms.EncryptCommand({ KeyId: arn, Plaintext: Buffer.from('x') }));
  expect([name, message]).toEqual(['DisabledException', `${arn} is disabled.`]);
});

test('a deletion waits 7 to 30 days, 30 unless said; 6 and 31 are refused', async () => {
  for (const [days, input] of [
    [30, {}],
    [7, { PendingWindowInDays: 7 }],
    [30, { PendingWindowInDays: 30 }],
  ] as const) {
    const { Arn: arn = '' } = await create();
    const answer = await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, ...input }));
    expect(answer).toMatchObject({ KeyId: arn, KeyState: 'PendingDeletion', PendingWindowInDays: days });
    const inDays = ((answer.DeletionDate?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(Math.abs(inDays - days)).toBeLessThan(0.01);
    expect(await describe(arn)).toMatchObject({ KeyState: 'PendingDeletion', DeletionDate: answer.DeletionDate });
    const use = await refused(new kms.EncryptCommand({ KeyId: arn, Plaintext: Buffer.from('x') }));
    expect([use.name, use.message]).toEqual(['KMSInvalidStateException', `${arn} is pending deletion.`]);
  }
  const { Arn: arn = '' } = await create();
  for (const days of [6, 31, 0, 365, 366]) {
    const { name } = await refused(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: days }));
    expect(name).toBe('ValidationException');
  }
  expect((await describe(arn)).KeyState).toBe('Enabled');
});

test('a cancelled deletion leaves the key Disabled, and what it had sealed opens once it is enabled', async () => {
  const { Arn: arn = '' } = await create();
  const { CiphertextBlob } = await given.root.send(new kms.EncryptCommand({ KeyId: arn, Plaintext: Buffer.from('x') }));
  const cancel = new kms.CancelKeyDeletionCommand({ KeyId: arn });
  expect((await refused(cancel)).message).toBe(`${arn} is not pending deletion.`);
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }));
  expect(await given.root.send(cancel)).toMatchObject({ KeyId: arn });
  const described = await describe(arn);
  expect(described.KeyState).toBe('Disabled');
  expect(described).not.toHaveProperty('DeletionDate');
  await given.root.send(new kms.EnableKeyCommand({ KeyId: arn }));
  const opened = await given.root.send(new kms.DecryptCommand({ CiphertextBlob }));
  expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('x');
});

test('a description is changed; the same one again is no change', async () => {
  const { Arn: arn = '' } = await create();
  const change = new kms.UpdateKeyDescriptionCommand({ KeyId: arn, Description: 'new' });
  expect(given.eventOf(await given.root.send(change)).changes).toMatchObject([{ description: 'new' }]);
  expect(given.eventOf(await given.root.send(change)).changes).toEqual([]);
  expect((await describe(arn)).Description).toBe('new');
});

test('an alias is made, found, moved and taken away', async () => {
  const one = await create();
  const two = await create();
  const AliasName = 'alias/team/app_1-x';
  await given.root.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: one.KeyId }));
  expect((await describe(AliasName)).Arn).toBe(one.Arn);
  expect((await refused(new kms.CreateAliasCommand({ AliasName, TargetKeyId: two.KeyId }))).name).toBe(
    'AlreadyExistsException',
  );
  const list = await given.root.send(new kms.ListAliasesCommand({ KeyId: one.KeyId }));
  expect(list.Aliases).toMatchObject([
    { AliasName, AliasArn: `arn:aws:kms:${REGION}:${ACCOUNT}:${AliasName}`, TargetKeyId: one.KeyId },
  ]);
  const moved = await given.root.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: two.Arn }));
  expect(given.eventOf(moved).changes).toMatchObject([{ type: 'AliasMoved', key: two.Arn, from: one.Arn }]);
  expect((await describe(AliasName)).Arn).toBe(two.Arn);
  expect((await given.root.send(new kms.ListAliasesCommand({ KeyId: one.KeyId }))).Aliases).toEqual([]);
  const gone = await given.root.send(new kms.DeleteAliasCommand({ AliasName }));
  expect(given.eventOf(gone)).toMatchObject({ key: { arn: two.Arn, alias: AliasName } });
  expect((await refused(new kms.DescribeKeyCommand({ KeyId: AliasName }))).name).toBe('NotFoundException');
  expect((await refused(new kms.DeleteAliasCommand({ AliasName }))).name).toBe('NotFoundException');
  expect((await refused(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: one.KeyId }))).name).toBe(
    'NotFoundException',
  );
});

test('names of aliases are held to the rules of AWS', async () => {
  const { KeyId: TargetKeyId } = await create();
  const make = async (AliasName: string): Promise<string> =>
    (await refused(new kms.CreateAliasCommand({ AliasName, TargetKeyId }))).name;
  expect(await make('alias/aws/mine')).toBe('NotAuthorizedException');
  expect(await make('mine')).toBe('ValidationException');
  expect(await make('alias/')).toBe('InvalidAliasNameException');
  expect(await make('alias/a:b')).toBe('InvalidAliasNameException');
  expect(await make('alias/a b')).toBe('ValidationException');
  expect(await make(`alias/${'a'.repeat(251)}`)).toBe('ValidationException');
  for (const AliasName of ['alias/aws/mine', 'mine'])
    expect((await refused(new kms.DeleteAliasCommand({ AliasName }))).name).not.toBe('NotFoundException');
  await given.root.send(new kms.CreateAliasCommand({ AliasName: `alias/${'a'.repeat(250)}`, TargetKeyId }));
});

test('a key has 50 aliases and no more', async () => {
  const one = await create();
  const two = await create();
  for (let count = 0; count < 50; count += 1)
    await given.root.send(new kms.CreateAliasCommand({ AliasName: `alias/n${String(count)}`, TargetKeyId: one.KeyId }));
  const more = await refused(new kms.CreateAliasCommand({ AliasName: 'alias/n50', TargetKeyId: one.KeyId }));
  expect(more.name).toBe('LimitExceededException');
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/m', TargetKeyId: two.KeyId }));
  const moved = await refused(new kms.UpdateAliasCommand({ AliasName: 'alias/m', TargetKeyId: one.KeyId }));
  expect(moved.name).toBe('LimitExceededException');
});

test('operations that change a key want its id or ARN, not an alias', async () => {
  const { KeyId } = await create();
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/only-use', TargetKeyId: KeyId }));
  const alias = 'alias/only-use';
  for (const command of [
    new kms.EnableKeyCommand({ KeyId: alias }),
    new kms.ScheduleKeyDeletionCommand({ KeyId: alias }),
    new kms.PutKeyPolicyCommand({ KeyId: alias, Policy: '{}' }),
    new kms.TagResourceCommand({ KeyId: alias, Tags: [] }),
    new kms.EnableKeyRotationCommand({ KeyId: `arn:aws:kms:${REGION}:${ACCOUNT}:${alias}` }),
    new kms.CreateAliasCommand({ AliasName: 'alias/other', TargetKeyId: alias }),
  ])
    expect((await refused(command)).name).toBe('NotFoundException');
});

test('tags are set, replaced, listed and taken away', async () => {
  const { Arn: arn = '' } = await create({ Tags: [{ TagKey: 'a', TagValue: '1' }] });
  const tag = (...Tags: kms.Tag[]) => given.root.send(new kms.TagResourceCommand({ KeyId: arn, Tags }));
  await tag({ TagKey: 'b', TagValue: 'größe' }, { TagKey: 'a', TagValue: '2' });
  const list = await given.root.send(new kms.ListResourceTagsCommand({ KeyId: arn }));
  expect(list.Tags).toEqual([
    { TagKey: 'a', TagValue: '2' },
    { TagKey: 'b', TagValue: 'größe' },
  ]);
  const untagged = await given.root.send(
    new kms.UntagResourceCommand({ KeyId: arn, TagKeys: ['a', 'a', 'never', 'constructor', 'a'] }),
  );
  expect(given.eventOf(untagged).changes).toEqual([{ type: 'KeyUntagged', v: 1, key: arn, tagKeys: ['a'] }]);
  expect((await given.root.send(new kms.ListResourceTagsCommand({ KeyId: arn }))).Tags).toHaveLength(1);
});

test('tags have limits: 50 on a key, no name twice, none of AWS, and characters that AWS takes', async () => {
  const many = Array.from({ length: 50 }, (_, at) => ({ TagKey: `key ${String(at)}`, TagValue: '' }));
  const { Arn: KeyId = '' } = await create({ Tags: many });
  const tag = async (...Tags: kms.Tag[]): Promise<string> =>
    (await refused(new kms.TagResourceCommand({ KeyId, Tags }))).name;
  expect(await tag({ TagKey: 'one more', TagValue: '' })).toBe('LimitExceededException');
  await given.root.send(new kms.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'key 7', TagValue: 'changed' }] }));
  expect(await tag({ TagKey: 'key 1', TagValue: '' }, { TagKey: 'key 1', TagValue: 'x' })).toBe('TagException');
  expect(await tag({ TagKey: 'aws:kms', TagValue: '' })).toBe('TagException');
  expect(await tag({ TagKey: 'AWS:kms', TagValue: '' })).toBe('TagException');
  expect(await tag({ TagKey: '__proto__', TagValue: '' })).toBe('TagException');
  expect(await tag({ TagKey: 'key 1', TagValue: '\u0001' })).toBe('TagException');
  expect(await tag({ TagKey: 'k<script>', TagValue: '' })).toBe('TagException');
  expect((await refused(new kms.CreateKeyCommand({ Tags: [...many, { TagKey: 'x', TagValue: '' }] }))).name).toBe(
    'LimitExceededException',
  );
  const fine = 'Grüße 東京 0_.:/=+-@';
  const other = await create({ Tags: [{ TagKey: fine, TagValue: fine }] });
  expect((await given.root.send(new kms.ListResourceTagsCommand({ KeyId: other.KeyId }))).Tags).toEqual([
    { TagKey: fine, TagValue: fine },
  ]);
});

test('lists come in pages that miss nothing and repeat nothing', async () => {
  const names = Array.from({ length: 7 }, (_, at) => `alias/page/${String(at)}`);
  const { Arn: arn = '' } = await create({ Tags: names.map((TagKey) => ({ TagKey, TagValue: 'v' })) });
  for (const AliasName of names) await given.root.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: arn }));
  const aliases: (string | undefined)[] = [];
  for await (const page of kms.paginateListAliases({ client: given.root, pageSize: 3 }, { KeyId: arn })) {
    expect(page.Aliases?.length).toBeLessThanOrEqual(3);
    aliases.push(...(page.Aliases ?? []).map(({ AliasName }) => AliasName));
  }
  expect(aliases).toEqual(names);
  const tags: (string | undefined)[] = [];
  for await (const page of kms.paginateListResourceTags({ client: given.root, pageSize: 3 }, { KeyId: arn }))
    tags.push(...(page.Tags ?? []).map(({ TagKey }) => TagKey));
  expect(tags).toEqual(names);
  const keys: (string | undefined)[] = [];
  for await (const page of kms.paginateListKeys({ client: given.root, pageSize: 2 }, {}))
    keys.push(...(page.Keys ?? []).map(({ KeyArn }) => KeyArn));
  const all = await given.root.send(new kms.ListKeysCommand({ Limit: 1000 }));
  expect(keys).toEqual(all.Keys?.map(({ KeyArn }) => KeyArn));
  expect(keys).toContain(arn);
});

test('a marker is of one list, one account and one Region, and cannot be made up', async () => {
  for (let count = 0; count < 2; count += 1) await create();
  const { NextMarker: marker, Truncated } = await given.root.send(new kms.ListKeysCommand({ Limit: 1 }));
  expect([Truncated, typeof marker]).toEqual([true, 'string']);
  await given.root.send(new kms.ListKeysCommand({ Marker: marker }));
  const other = await given.as('arn:aws:iam::111111111111:root');
  const forged = [
    refused(new kms.ListKeysCommand({ Marker: 'made up' })),
    refused(new kms.ListKeysCommand({ Marker: `${marker ?? ''}A` })),
    refused(new kms.ListAliasesCommand({ Marker: marker })),
    refused(new kms.ListKeysCommand({ Marker: marker }), other),
    refused(new kms.ListKeysCommand({ Marker: Buffer.from(`arn:aws:kms:${REGION}:`).toString('base64url') })),
  ];
  for (const { name } of await Promise.all(forged)) expect(name).toBe('InvalidMarkerException');
});

test('the same alias stands for another key in another Region, and keys stay in theirs', async () => {
  const here = await create();
  await given.root.send(new kms.CreateAliasCommand({ AliasName: 'alias/regional', TargetKeyId: here.KeyId }));
  const { accessKeyId, secretAccessKey } = await given.root.config.credentials();
  const there = given.client({ principal: '', accessKeyId, secretAccessKey }, 'us-west-2');
  const other = (await there.send(new kms.CreateKeyCommand({}))).KeyMetadata;
  expect(other?.Arn).toContain(':us-west-2:');
  await there.send(new kms.CreateAliasCommand({ AliasName: 'alias/regional', TargetKeyId: other?.KeyId }));
  const sealed = await given.root.send(
    new kms.EncryptCommand({ KeyId: 'alias/regional', Plaintext: Buffer.from('here') }),
  );
  expect(sealed.KeyId).toBe(here.Arn);
  const elsewhere = await there.send(
    new kms.EncryptCommand({ KeyId: 'alias/regional', Plaintext: Buffer.from('there') }),
  );
  expect(elsewhere.KeyId).toBe(other?.Arn);
  expect(given.eventOf(elsewhere).region).toBe('us-west-2');
  expect((await there.send(new kms.ListKeysCommand({}))).Keys).toHaveLength(1);
  expect((await refused(new kms.DescribeKeyCommand({ KeyId: here.KeyId }), there)).name).toBe('NotFoundException');
  expect((await refused(new kms.DescribeKeyCommand({ KeyId: here.Arn }), there)).message).toBe(`Invalid arn ${REGION}`);
  // A ciphertext of one Region is not one in the other.
  const lost = await refused(new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }), there);
  expect(lost.name).toBe('AccessDeniedException');
});

test.each([
  ['DescribeCustomKeyStores', {}],
  ['ConnectCustomKeyStore', { CustomKeyStoreId: 'cks-1' }],
] as const)('%s is not supported yet, and says so in an event too', async (operation, input) => {
  const Command = kms[`${operation}Command`] as unknown as new (input: object) => kms.DescribeKeyCommand;
  const { name, event } = await refused(new Command(input));
  expect(name).toBe('UnsupportedOperationException');
  expect(event).toMatchObject({ operation, outcome: 'invalid', errorCode: 'UnsupportedOperationException' });
});
