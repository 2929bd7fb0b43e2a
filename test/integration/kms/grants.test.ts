import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, OTHER_ACCOUNT, REGION, accountMay, givenService, policy, type Given } from './given.ts';

const role = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:role/${name}`;
const WORKER = role('worker');
const HELPER = role('helper');
const RETIRER = role('retirer');
const FOREIGN = role('partner', OTHER_ACCOUNT);

let given: Given;
let worker: kms.KMSClient;
let helper: kms.KMSClient;
let retirer: kms.KMSClient;
let foreign: kms.KMSClient;

beforeAll(async () => {
  given = await givenService();
  worker = await given.as(WORKER);
  helper = await given.as(HELPER);
  retirer = await given.as(RETIRER);
  foreign = await given.as(FOREIGN);
});
afterAll(() => given.close());

type GrantInput = Partial<kms.CreateGrantCommandInput>;
const newKey = async (Policy?: string): Promise<string> =>
  (await given.root.send(new kms.CreateKeyCommand({ ...(Policy === undefined ? {} : { Policy }) }))).KeyMetadata?.Arn ??
  '';
const grant = (
  KeyId: string,
  input: GrantInput = {},
  client: kms.KMSClient = given.root,
): Promise<kms.CreateGrantCommandOutput> =>
  client.send(
    new kms.CreateGrantCommand({ KeyId, GranteePrincipal: WORKER, Operations: ['Encrypt', 'Decrypt'], ...input }),
  );
const encrypt = (
  client: kms.KMSClient,
  KeyId: string,
  input: Partial<kms.EncryptCommandInput> = {},
): Promise<kms.EncryptCommandOutput> =>
  client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), ...input }));
const refused = async (sent: Promise<unknown>): Promise<string> => (await given.refusalOf(sent)).name;
const listed = async (KeyId: string, input: Partial<kms.ListGrantsCommandInput> = {}): Promise<kms.GrantListEntry[]> =>
  (await given.root.send(new kms.ListGrantsCommand({ KeyId, ...input }))).Grants ?? [];
const retire = (client: kms.KMSClient, input: kms.RetireGrantCommandInput): Promise<kms.RetireGrantCommandOutput> =>
  client.send(new kms.RetireGrantCommand(input));
const revoke = (
  KeyId: string,
  GrantId: string | undefined,
  client = given.root,
): Promise<kms.RevokeGrantCommandOutput> => client.send(new kms.RevokeGrantCommand({ KeyId, GrantId }));

test('a grantee may do what was granted from the moment it was, until it is revoked, and nothing else', async () => {
  const key = await newKey();
  expect(await refused(encrypt(worker, key))).toBe('AccessDeniedException');
  const made = await grant(key, { Name: 'jobs', RetiringPrincipal: RETIRER });
  expect(made.GrantId).toMatch(/^[0-9a-f]{64}$/);
  const sealed = await encrypt(worker, key);
  expect(given.eventOf(sealed).decision).toEqual({ effect: 'allow', by: 'grant', grantId: made.GrantId });
  await worker.send(new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
  expect(await refused(worker.send(new kms.GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256' })))).toBe(
    'AccessDeniedException',
  );
  expect(await refused(encrypt(helper, key))).toBe('AccessDeniedException');
  const [entry] = await listed(key);
  expect(entry).toMatchObject({
    KeyId: key,
    GrantId: made.GrantId,
    Name: 'jobs',
    GranteePrincipal: WORKER,
    RetiringPrincipal: RETIRER,
    IssuingAccount: `arn:aws:iam::${ACCOUNT}:root`,
    Operations: ['Decrypt', 'Encrypt'],
  });
  expect(entry?.CreationDate).toBeInstanceOf(Date);
  const revoked = await revoke(key, made.GrantId);
  expect(given.eventOf(revoked).changes).toEqual([{ type: 'GrantRevoked', v: 1, key, grantId: made.GrantId }]);
  expect(await refused(encrypt(worker, key))).toBe('AccessDeniedException');
  expect(await listed(key)).toEqual([]);
});

test('the event of a grant says all of it but its token', async () => {
  const key = await newKey();
  const Constraints = { EncryptionContextSubset: { app: 'a' } };
  const made = await grant(key, { Constraints, RetiringPrincipal: RETIRER });
  const event = given.eventOf(made);
  expect(event).toMatchObject({ operation: 'CreateGrant', kind: 'management', outcome: 'success', key: { arn: key } });
  expect(event.changes).toEqual([
    {
      type: 'GrantCreated',
      v: 1,
      key,
      grantId: made.GrantId,
      grantee: WORKER,
      retiring: RETIRER,
      operations: ['Decrypt', 'Encrypt'],
      constraints: { encryptionContextSubset: { app: 'a' } },
      issuer: `arn:aws:iam::${ACCOUNT}:root`,
      at: expect.any(String) as string,
    },
  ]);
  const retired = given.eventOf(await retire(retirer, { GrantToken: made.GrantToken }));
  for (const one of [event, retired]) expect(JSON.stringify(one)).not.toContain(made.GrantToken);
});

test('constraints hold for what takes an encryption context, and not for DescribeKey', async () => {
  const key = await newKey();
  await grant(key, {
    Operations: ['Encrypt', 'DescribeKey'],
    Constraints: { EncryptionContextEquals: { tenant: '1', app: 'a' } },
  });
  await encrypt(worker, key, { EncryptionContext: { app: 'a', tenant: '1' } });
  await worker.send(new kms.DescribeKeyCommand({ KeyId: key }));
  for (const EncryptionContext of [
    undefined,
    { tenant: '1' },
    { tenant: '1', app: 'a', more: 'x' },
    { Tenant: '1', app: 'a' },
  ])
    expect(await refused(encrypt(worker, key, EncryptionContext === undefined ? {} : { EncryptionContext }))).toBe(
      'AccessDeniedException',
    );
  await grant(key, { Operations: ['Encrypt'], Constraints: { EncryptionContextSubset: { tenant: '1' } } });
  await encrypt(worker, key, { EncryptionContext: { tenant: '1', more: 'x' } });
  expect(await refused(encrypt(worker, key, { EncryptionContext: { tenant: '2' } }))).toBe('AccessDeniedException');
});

test('a grant of the same name and terms is made once, and each time its token is new', async () => {
  const key = await newKey();
  const input = { Name: 'once', Constraints: { EncryptionContextSubset: { a: '1' } } };
  const first = await grant(key, input);
  const again = await grant(key, { ...input, Operations: ['Decrypt', 'Encrypt'] });
  expect(again.GrantId).toBe(first.GrantId);
  expect(again.GrantToken).not.toBe(first.GrantToken);
  expect(given.eventOf(again).changes).toEqual([]);
  const others = [
    await grant(key, { ...input, Name: 'other' }),
    await grant(key, { ...input, Operations: ['Decrypt'] }),
    await grant(key, { Name: 'once' }),
    await grant(key),
    await grant(key),
  ];
  expect(new Set([first, ...others].map(({ GrantId }) => GrantId)).size).toBe(6);
  await retire(given.root, { GrantToken: again.GrantToken });
  expect((await grant(key, input)).GrantId).not.toBe(first.GrantId);
});

test('a grant made by a grant gives no more, and is under constraints as strict', async () => {
  const key = await newKey();
  const parent = await grant(key, {
    Operations: ['CreateGrant', 'Encrypt', 'Decrypt'],
    Constraints: { EncryptionContextSubset: { tenant: '1' } },
  });
  const child = (input: GrantInput): Promise<kms.CreateGrantCommandOutput> =>
    grant(key, { GranteePrincipal: HELPER, Operations: ['Encrypt'], ...input }, worker);
  const strict = { EncryptionContextSubset: { tenant: '1', app: 'a' } };
  for (const wider of [
    {},
    { Constraints: { EncryptionContextSubset: { app: 'a' } } },
    { Constraints: { EncryptionContextSubset: { tenant: '2' } } },
    { Constraints: strict, Operations: ['Encrypt', 'GenerateDataKey'] as kms.GrantOperation[] },
  ])
    expect(await refused(child(wider))).toBe('AccessDeniedException');
  const made = await child({ Constraints: strict });
  expect(given.eventOf(made).decision).toMatchObject({ by: 'grant', grantId: parent.GrantId });
  await encrypt(helper, key, { EncryptionContext: { tenant: '1', app: 'a' } });
  expect(await refused(encrypt(helper, key, { EncryptionContext: { tenant: '1' } }))).toBe('AccessDeniedException');
});

test('a grantee of another account may use the key without its own account saying so; explicit denials still win', async () => {
  const key = await newKey();
  await grant(key, { GranteePrincipal: FOREIGN, Operations: ['Encrypt', 'CreateGrant'] });
  await encrypt(foreign, key);
  expect(await refused(foreign.send(new kms.ListGrantsCommand({ KeyId: key })))).toBe('AccessDeniedException');
  const theirs = role('theirs', OTHER_ACCOUNT);
  const made = await grant(key, { GranteePrincipal: theirs, Operations: ['Encrypt'] }, foreign);
  expect((await listed(key, { GrantId: made.GrantId }))[0]).toMatchObject({
    GranteePrincipal: theirs,
    IssuingAccount: `arn:aws:iam::${OTHER_ACCOUNT}:root`,
  });
  const deny = { Sid: 'NoPartner', Effect: 'Deny', Principal: { AWS: FOREIGN }, Action: 'kms:Encrypt', Resource: '*' };
  await given.root.send(new kms.PutKeyPolicyCommand({ KeyId: key, Policy: policy(accountMay(), deny) }));
  expect(await refused(encrypt(foreign, key))).toBe('AccessDeniedException');
});

test('a grant is retired by its retiring principal, its issuer, and its grantee if that was granted; by nobody else', async () => {
  const key = await newKey();
  const input = { RetiringPrincipal: RETIRER, Operations: ['Encrypt'] as kms.GrantOperation[] };
  const made = await grant(key, input);
  const named = { KeyId: key, GrantId: made.GrantId };
  for (const client of [worker, helper, foreign]) {
    expect(await refused(retire(client, named))).toBe('AccessDeniedException');
    expect(await refused(retire(client, { GrantToken: made.GrantToken }))).toBe('AccessDeniedException');
  }
  expect(await refused(retire(retirer, { ...named, DryRun: true }))).toBe('DryRunOperationException');
  const retired = await retire(retirer, named);
  expect(given.eventOf(retired)).toMatchObject({
    decision: { by: 'grant', grantId: made.GrantId },
    changes: [{ type: 'GrantRetired', key, grantId: made.GrantId }],
  });
  await retire(given.root, { GrantToken: (await grant(key, input)).GrantToken });
  const own = await grant(key, { Operations: ['RetireGrant', 'Encrypt'] });
  const another = await grant(key, { Operations: ['Encrypt'] });
  // One grant's RetireGrant is no right to retire another.
  expect(await refused(retire(worker, { KeyId: key, GrantId: another.GrantId }))).toBe('AccessDeniedException');
  await retire(worker, { GrantToken: own.GrantToken });
  expect(await listed(key)).toHaveLength(1);
});

test('no grant gives RevokeGrant, and what is not there is said to those who may', async () => {
  const key = await newKey();
  const made = await grant(key, { Operations: ['Encrypt', 'RetireGrant', 'CreateGrant'] });
  expect(await refused(revoke(key, made.GrantId, worker))).toBe('AccessDeniedException');
  expect(
    await refused(given.root.send(new kms.RevokeGrantCommand({ KeyId: key, GrantId: made.GrantId, DryRun: true }))),
  ).toBe('DryRunOperationException');
  await revoke(key, made.GrantId);
  expect(await refused(revoke(key, made.GrantId))).toBe('NotFoundException');
  expect(await refused(revoke(key, 'nonsense'))).toBe('InvalidGrantIdException');
  expect(await refused(listed(key, { GrantId: 'nonsense' }))).toBe('InvalidGrantIdException');
});

test('tokens that come with a request must be genuine, and give nothing that their grant does not', async () => {
  const key = await newKey();
  const made = await grant(key);
  const token = made.GrantToken ?? '';
  await encrypt(worker, key, { GrantTokens: [token] });
  expect(await refused(encrypt(helper, key, { GrantTokens: [token] }))).toBe('AccessDeniedException');
  const at = token.length >> 1;
  const flipped = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
  for (const forged of ['x', flipped, `${token}A`, Buffer.from(`${key} ${made.GrantId ?? ''}`).toString('base64url')]) {
    expect(await refused(encrypt(given.root, key, { GrantTokens: [token, forged] }))).toBe(
      'InvalidGrantTokenException',
    );
    expect(await refused(retire(given.root, { GrantToken: forged }))).toBe('InvalidGrantTokenException');
  }
  await revoke(key, made.GrantId);
  expect(await refused(encrypt(worker, key, { GrantTokens: [token] }))).toBe('AccessDeniedException');
  expect(await refused(retire(given.root, { GrantToken: token }))).toBe('NotFoundException');
});

test('lists come in pages whose markers are bound to the list, with filters by grant and by grantee', async () => {
  const key = await newKey();
  const made: string[] = [];
  for (let n = 0; n < 25; n += 1)
    made.push(
      (await grant(key, { GranteePrincipal: n % 5 === 0 ? HELPER : WORKER, RetiringPrincipal: role('collector') }))
        .GrantId ?? '',
    );
  const walk = async (next: (Marker?: string) => Promise<kms.ListGrantsCommandOutput>): Promise<string[][]> => {
    const pages: string[][] = [];
    let marker: string | undefined;
    do {
      const answer = await next(marker);
      pages.push((answer.Grants ?? []).map(({ GrantId }) => GrantId ?? ''));
      expect(answer.Truncated).toBe(answer.NextMarker !== undefined);
      marker = answer.NextMarker;
    } while (marker !== undefined);
    return pages;
  };
  const byKey = await walk((Marker) => given.root.send(new kms.ListGrantsCommand({ KeyId: key, Limit: 10, Marker })));
  expect(byKey.map(({ length }) => length)).toEqual([10, 10, 5]);
  expect(byKey.flat().sort()).toEqual([...made].sort());
  const byGrantee = await walk((Marker) =>
    given.root.send(new kms.ListGrantsCommand({ KeyId: key, Limit: 3, Marker, GranteePrincipal: HELPER })),
  );
  expect(byGrantee.map(({ length }) => length)).toEqual([3, 2]);
  expect(await listed(key, { GrantId: made[7], GranteePrincipal: HELPER })).toEqual([]);
  expect(await listed(key, { GrantId: made[7] })).toHaveLength(1);
  const retirable = (Marker?: string): Promise<kms.ListGrantsCommandOutput> =>
    given.root.send(new kms.ListRetirableGrantsCommand({ RetiringPrincipal: role('collector'), Limit: 20, Marker }));
  expect((await walk(retirable)).map(({ length }) => length)).toEqual([20, 5]);
  const { NextMarker } = await given.root.send(new kms.ListGrantsCommand({ KeyId: key, Limit: 1 }));
  for (const sent of [
    given.root.send(new kms.ListGrantsCommand({ KeyId: await newKey(), Marker: NextMarker })),
    given.root.send(new kms.ListGrantsCommand({ KeyId: key, Marker: NextMarker, GranteePrincipal: HELPER })),
    retirable(NextMarker),
  ])
    expect(await refused(sent)).toBe('InvalidMarkerException');
});

test('retirable grants are shown of the own account only, and per Region', async () => {
  const RetiringPrincipal = role('regional');
  await grant(await newKey(), { RetiringPrincipal });
  const list = (client: kms.KMSClient): Promise<kms.ListRetirableGrantsCommandOutput> =>
    client.send(new kms.ListRetirableGrantsCommand({ RetiringPrincipal }));
  expect((await list(given.root)).Grants).toHaveLength(1);
  const credentials = await given.root.config.credentials();
  expect((await list(given.client({ principal: '', ...credentials }, 'us-east-1'))).Grants).toEqual([]);
  expect(REGION).not.toBe('us-east-1');
  const foreignRoot = await given.as(`arn:aws:iam::${OTHER_ACCOUNT}:root`);
  expect(await refused(list(foreignRoot))).toBe('InvalidArnException');
  expect(await refused(list(worker))).toBe('AccessDeniedException');
});

test.each<[string, GrantInput]>([
  ['InvalidArnException', { GranteePrincipal: 'worker' }],
  ['InvalidArnException', { GranteePrincipal: `arn:aws:iam::${ACCOUNT}:group/all` }],
  ['InvalidArnException', { RetiringPrincipal: 'arn:aws:iam::12:role/x' }],
  ['ValidationException', { GranteePrincipal: undefined }],
  ['ValidationException', { Operations: [] }],
  ['ValidationException', { Operations: ['Sign'] }],
  ['ValidationException', { Operations: ['Encrypt', 'GenerateMac'] }],
  ['ValidationException', { Constraints: { EncryptionContextEquals: { a: 'x'.repeat(384) } } }],
  ['UnsupportedOperationException', { GranteeServicePrincipal: 'ec2.amazonaws.com' }],
  ['DryRunOperationException', { DryRun: true }],
])('%s answers a grant with %j', async (name, input) => {
  const key = await newKey();
  expect(await refused(grant(key, input))).toBe(name);
  expect(await listed(key)).toEqual([]);
});

test('a policy may say which grants can be made', async () => {
  const admin = await given.as(role('granter'));
  const condition = (test: Record<string, unknown>): string =>
    policy(accountMay(), {
      Effect: 'Allow',
      Principal: { AWS: role('granter') },
      Action: 'kms:CreateGrant',
      Resource: '*',
      Condition: test,
    });
  const cases: [Record<string, unknown>, GrantInput, GrantInput][] = [
    [
      { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Encrypt', 'Decrypt'] } },
      {},
      { Operations: ['Encrypt', 'GenerateDataKey'] },
    ],
    [{ StringEquals: { 'kms:GranteePrincipal': WORKER } }, {}, { GranteePrincipal: HELPER }],
    [{ StringEquals: { 'kms:RetiringPrincipal': RETIRER } }, { RetiringPrincipal: RETIRER }, {}],
    [
      { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } },
      { Constraints: { EncryptionContextEquals: { a: '1' } } },
      { Constraints: { EncryptionContextSubset: { a: '1' } } },
    ],
    [
      { StringEquals: { 'kms:EncryptionContext:tenant': '1' } },
      { Constraints: { EncryptionContextSubset: { tenant: '1' } } },
      { Constraints: { EncryptionContextSubset: { tenant: '2' } } },
    ],
  ];
  for (const [wanted, right, wrong] of cases) {
    const key = await newKey(condition(wanted));
    await grant(key, right, admin);
    expect(await refused(grant(key, wrong, admin))).toBe('AccessDeniedException');
  }
  const key = await newKey(condition({ Bool: { 'kms:GrantIsForAWSResource': true } }));
  expect(await refused(grant(key, {}, admin))).toBe('AccessDeniedException');
});

test('grants need an enabled key to be made and to be used, and go with it', async () => {
  const key = await newKey();
  const made = await grant(key, { RetiringPrincipal: role('leaver') });
  await given.root.send(new kms.DisableKeyCommand({ KeyId: key }));
  expect(await refused(grant(key))).toBe('DisabledException');
  expect(await refused(encrypt(worker, key))).toBe('DisabledException');
  await given.root.send(new kms.ScheduleKeyDeletionCommand({ KeyId: key, PendingWindowInDays: 7 }));
  expect(await listed(key)).toHaveLength(1);
  given.clock.aheadUs += 8 * 86_400_000_000;
  await given.dueWork();
  const { state } = given.vault.journal;
  expect(state.range('grants', key, undefined, 10)).toEqual([]);
  expect(state.range('grant-index', '', undefined, 1_000).filter(({ key: place }) => place.includes(key))).toEqual([]);
  given.clock.aheadUs = 0;
  expect(await refused(retire(given.root, { GrantToken: made.GrantToken }))).toBe('InvalidGrantTokenException');
});

test('grants and their indexes survive a restart', async () => {
  const key = await newKey();
  const made = await grant(key, { Name: 'kept' });
  await given.restart();
  worker = await given.as(WORKER);
  helper = await given.as(HELPER);
  await encrypt(worker, key);
  expect((await grant(key, { Name: 'kept' })).GrantId).toBe(made.GrantId);
});
