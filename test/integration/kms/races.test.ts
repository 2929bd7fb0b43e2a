import { createHash } from 'node:crypto';
import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operatorOf } from '../../../src/app/vault.ts';
import { readHeaders, type ApiRequest, type ApiResponse, type Operation } from '../../../src/kms/api/index.ts';
import { addPrincipal, type Credentials } from '../../../src/kms/index.ts';
import { sign } from '../../unit/kms/api/signed-request.ts';
import { ACCOUNT, REGION, givenService, type Given } from './given.ts';
import { eventAt } from './raw.ts';

/*
 * Calls that arrive in one turn of the loop are decided in one group, after each other and before any of them is on disk. These tests call the
 * service itself, so that the order in which they arrive is theirs.
 */
let given: Given;
let owner: Credentials;
beforeAll(async () => {
  given = await givenService();
  owner = { principal: '', ...(await given.root.config.credentials()) };
});
afterAll(() => given.close());

let count = 0;
function requestOf(operation: Operation, input: object, by = owner): ApiRequest {
  const body = Buffer.from(JSON.stringify(input));
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const { rawHeaders } = sign({
    headers: [
      ['Host', 'localhost'],
      ['X-Amz-Date', at],
      ['X-Amz-Target', `TrentService.${operation}`],
      ['X-Amz-Attempt', String((count += 1))],
    ],
    payloadHash: createHash('sha256').update(body).digest('hex'),
    accessKeyId: by.accessKeyId,
    secret: by.secretAccessKey,
    at,
    region: REGION,
  });
  return {
    operation,
    body,
    headers: readHeaders(rawHeaders),
    userAgent: undefined,
    traceparent: undefined,
    ip: '127.0.0.1',
    requestId: `race-${String(count)}`,
    startUs: given.clock.monotonicUs(),
  };
}
const call = (operation: Operation, input: object, by?: Credentials): Promise<ApiResponse> =>
  given.service.handle(requestOf(operation, input, by));
const codes = (answers: readonly ApiResponse[]): (string | undefined)[] => answers.map(({ errorType }) => errorType);
const create = async (): Promise<string> =>
  (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
const Plaintext = Buffer.from('x').toString('base64');

const statement = (Effect: 'Allow' | 'Deny') => ({
  name: 'all',
  text: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action: 'kms:*', Resource: '*' }] }),
});
async function hire(arn: string, effect: 'Allow' | 'Deny'): Promise<Credentials> {
  const added = await addPrincipal(given.vault.journal, given.vault.keyring, operatorOf(ACCOUNT), {
    arn,
    policies: [statement(effect)],
  });
  if ('code' in added) throw new Error(added.message);
  return added;
}

test('a use that arrives after the key was switched off is refused, though nothing was answered yet', async () => {
  const KeyId = await create();
  const answers = await Promise.all([
    call('Encrypt', { KeyId, Plaintext }),
    call('DisableKey', { KeyId }),
    call('Encrypt', { KeyId, Plaintext }),
    call('EnableKey', { KeyId }),
    call('Encrypt', { KeyId, Plaintext }),
  ]);
  expect(codes(answers)).toEqual([undefined, undefined, 'DisabledException', undefined, undefined]);
  const seqs = answers.map(({ seq }) => seq ?? 0);
  expect(seqs).toEqual(seqs.map((_, at) => (seqs[0] ?? 0) + at));
});

test('a policy counts for what arrives after it, and not for what came before', async () => {
  const KeyId = await create();
  const Policy = JSON.stringify({
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' },
      { Sid: 'Closed', Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*' },
    ],
  });
  const answers = await Promise.all([
    call('Encrypt', { KeyId, Plaintext }),
    call('PutKeyPolicy', { KeyId, Policy }),
    call('Encrypt', { KeyId, Plaintext }),
  ]);
  expect(codes(answers)).toEqual([undefined, undefined, 'AccessDeniedException']);
  expect(eventAt(given, answers[2].seq).decision).toMatchObject({ effect: 'deny', sid: 'Closed' });
});

test("a principal's new policies count for a call that had been let in under the old ones", async () => {
  const arn = `arn:aws:iam::${ACCOUNT}:role/demoted`;
  const credentials = await hire(arn, 'Allow');
  const answers = await Promise.all([
    call('ListKeys', {}, credentials),
    hire(arn, 'Deny').then(() => ({ status: 0, body: '' })),
    call('ListKeys', {}, credentials),
    call('CreateKey', {}, credentials),
  ]);
  expect(codes(answers)).toEqual([undefined, undefined, 'AccessDeniedException', 'AccessDeniedException']);
});

test('a principal that is removed in the same moment is refused', async () => {
  const arn = `arn:aws:iam::${ACCOUNT}:role/dismissed`;
  const credentials = await hire(arn, 'Allow');
  const answers = await Promise.all([
    call('ListKeys', {}, credentials),
    given.remove(arn).then(() => ({ status: 0, body: '' })),
    call('ListKeys', {}, credentials),
    call('CreateKey', {}, credentials),
  ]);
  expect(codes(answers)).toEqual([undefined, undefined, 'UnrecognizedClientException', 'UnrecognizedClientException']);
});

test('one name is given to one key, and one key made for it, whoever asks at once', async () => {
  const keys = await Promise.all([create(), create(), create()]);
  const answers = await Promise.all(
    keys.map((TargetKeyId) => call('CreateAlias', { AliasName: 'alias/contested', TargetKeyId })),
  );
  expect(codes(answers)).toEqual([undefined, 'AlreadyExistsException', 'AlreadyExistsException']);
});

test('limits hold for those who come together: 50 aliases, 50 tags, 25 rotations', async () => {
  const KeyId = await create();
  const many = Array.from({ length: 60 }, (_, at) => at);
  const aliases = await Promise.all(
    many.map((at) => call('CreateAlias', { AliasName: `alias/crowd${String(at)}`, TargetKeyId: KeyId })),
  );
  expect(codes(aliases).filter((code) => code === undefined)).toHaveLength(50);
  const tags = await Promise.all(
    many.map((at) => call('TagResource', { KeyId, Tags: [{ TagKey: String(at), TagValue: '' }] })),
  );
  expect(codes(tags).filter((code) => code === undefined)).toHaveLength(50);
  const rotations = await Promise.all(many.map(() => call('RotateKeyOnDemand', { KeyId })));
  expect(codes(rotations).filter((code) => code === undefined)).toHaveLength(25);
  const listed = await given.root.send(
    new kms.ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
  );
  expect(new Set(listed.Rotations?.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(26);
});

test('what was sealed with material that is rotated in the same moment opens afterwards', async () => {
  const KeyId = await create();
  const answers = await Promise.all([
    call('Encrypt', { KeyId, Plaintext }),
    call('RotateKeyOnDemand', { KeyId }),
    call('Encrypt', { KeyId, Plaintext }),
  ]);
  const versions = [answers[0], answers[2]].map(({ seq }) => eventAt(given, seq).key?.version);
  expect(versions).toEqual([1, 2]);
  for (const { body } of [answers[0], answers[2]]) {
    const { CiphertextBlob } = JSON.parse(body.toString()) as { CiphertextBlob: string };
    const opened = await call('Decrypt', { CiphertextBlob });
    expect(JSON.parse(opened.body.toString())).toMatchObject({ Plaintext });
  }
});

test('one signature that changes something does so once, though it comes twice at once', async () => {
  const request = requestOf('CreateKey', { Description: 'twice' });
  const again = { ...request, body: Buffer.from(request.body), requestId: `${request.requestId}-again` };
  const answers = await Promise.all([given.service.handle(request), given.service.handle(again)]);
  expect(codes(answers)).toEqual([undefined, 'InvalidSignatureException']);
});

test('the body of a request is wiped when it has been answered', async () => {
  const KeyId = await create();
  for (const request of [
    requestOf('Encrypt', { KeyId, Plaintext }),
    requestOf('Encrypt', { KeyId: 'alias/none', Plaintext }),
    requestOf('Encrypt', { KeyId, Plaintext: 7 }),
  ]) {
    await given.service.handle(request);
    expect(request.body.every((byte) => byte === 0)).toBe(true);
  }
});

test('material that was put in the place of another key is unavailable, as an event, and other keys work on', async () => {
  const [one, two, three] = [await create(), await create(), await create()];
  const { journal, keyStore } = given.vault;
  const sealed = await given.root.send(new kms.EncryptCommand({ KeyId: one, Plaintext: Buffer.from('x') }));
  const place = (arn: string): string => `${arn}#1`;
  const materialOf = (arn: string): unknown => journal.state.get('material', place(arn));
  const swapped = [
    { table: 'material' as const, key: place(one), value: materialOf(two) },
    { table: 'material' as const, key: place(two), value: materialOf(one) },
  ];
  await journal.recordInTurn(() => ({
    draft: {
      operation: 'Tamper',
      kind: 'system',
      outcome: 'success',
      region: 'global',
      actor: { arn: `arn:aws:keyledger::${ACCOUNT}:system/test`, type: 'system', account: ACCOUNT },
      origin: {},
      request: {},
      trace: { requestId: 'tamper' },
      changes: [],
      startedUs: 0,
      cryptoUs: 0,
    },
    writes: swapped,
    answer: undefined,
  }));
  keyStore.forget();
  for (const send of [
    () => given.root.send(new kms.EncryptCommand({ KeyId: one, Plaintext: Buffer.from('x') })),
    () => given.root.send(new kms.EncryptCommand({ KeyId: two, Plaintext: Buffer.from('x') })),
    () => given.root.send(new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob })),
    () => given.root.send(new kms.GenerateDataKeyCommand({ KeyId: one, KeySpec: 'AES_256' })),
  ]) {
    const { name, event } = await given.refusalOf(send());
    expect(name).toBe('KeyUnavailableException');
    expect(event).toMatchObject({ outcome: 'failed', errorCode: 'KeyUnavailableException' });
  }
  expect(given.logged.some((line) => line.includes('operation-failed') && line.includes(one))).toBe(true);
  await given.root.send(new kms.EncryptCommand({ KeyId: three, Plaintext: Buffer.from('x') }));
});
