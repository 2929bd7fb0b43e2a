import * as kms from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, givenService, type Given } from './given.ts';
import { answerOf, eventAt, rawRequest, sendRaw } from './raw.ts';

let given: Given;
let keyId: string;
beforeAll(async () => {
  given = await givenService();
  keyId = (await given.root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
});
afterAll(() => given.close());

const NO_STACK = /node_modules|\.ts:|\.js:|at \w+ \(|Error:/;

test.each([
  ['malformed JSON', '{"KeyId":', 'SerializationException'],
  ['JSON that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'SerializationException'],
  ['an array', '[]', 'SerializationException'],
  ['a string', '"x"', 'SerializationException'],
  ['a number for a name', '{"KeyId":7,"Plaintext":"eA=="}', 'SerializationException'],
  ['a Plaintext that is not base64', '{"KeyId":"k","Plaintext":"%%%"}', 'SerializationException'],
  ['a lone surrogate', '{"KeyId":"\\ud800","Plaintext":"eA=="}', 'SerializationException'],
  ['nothing', '', 'ValidationException'],
  ['no KeyId', '{"Plaintext":"eA=="}', 'ValidationException'],
  ['an empty KeyId', '{"KeyId":"","Plaintext":"eA=="}', 'ValidationException'],
  ['arrays 100,000 deep', `{"KeyId":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'SerializationException'],
  ['a context of numbers', '{"KeyId":"k","Plaintext":"eA==","EncryptionContext":{"a":1}}', 'SerializationException'],
])(
  'a body of %s is refused by name, as an event of its caller, without a trace of the inside',
  async (_, body, code) => {
    const answer = await sendRaw(given, { operation: 'Encrypt', body });
    expect([answer.status, answer.code]).toEqual([400, code]);
    expect(answer.text).not.toMatch(NO_STACK);
    expect(eventAt(given, answer.seq)).toMatchObject({
      operation: 'Encrypt',
      outcome: 'invalid',
      errorCode: code,
      actor: { arn: `arn:aws:iam::${ACCOUNT}:root` },
      request: {},
    });
  },
);

test('an operation that the API does not have is UnknownOperationException, and an event', async () => {
  for (const operation of ['Obliterate', '', 'encrypt', '__proto__', 'constructor']) {
    const answer = await sendRaw(given, { operation, body: '{}' });
    expect([answer.status, answer.code]).toEqual([400, 'UnknownOperationException']);
    expect(eventAt(given, answer.seq)).toMatchObject({ operation: 'Unknown', outcome: 'invalid' });
  }
});

test('a body of 256 KiB is read, one byte more is not', async () => {
  const padded = (size: number): string => {
    const head = `{"KeyId":"${keyId}","Plaintext":"eA==","Ignored":"`;
    return `${head}${'x'.repeat(size - head.length - 2)}"}`;
  };
  expect((await sendRaw(given, { operation: 'Encrypt', body: padded(256 * 1024) })).status).toBe(200);
  const over = await sendRaw(given, { operation: 'Encrypt', body: padded(256 * 1024 + 1) });
  expect([over.status, over.code]).toEqual([413, 'RequestEntityTooLargeException']);
});

test.each([
  ['a wrong secret', { secret: 'x'.repeat(40) }, 'InvalidSignatureException', ACCOUNT],
  ['a clock six minutes behind', { aheadMs: -360_000 }, 'InvalidSignatureException', ACCOUNT],
  ['a clock six minutes ahead', { aheadMs: 360_000 }, 'InvalidSignatureException', ACCOUNT],
  ['a session token', { headers: [['X-Amz-Security-Token', 't']] as const }, 'UnrecognizedClientException', ACCOUNT],
  ['an access key of nobody', { accessKeyId: 'AKIANOBODY0000000000' }, 'UnrecognizedClientException', '000000000000'],
])('%s is refused as an event of whom it claimed to be', async (_, how, code, account) => {
  const answer = await sendRaw(given, { operation: 'DescribeKey', body: `{"KeyId":"${keyId}"}`, ...how });
  expect([answer.status, answer.code]).toEqual([400, code]);
  expect(eventAt(given, answer.seq)).toMatchObject({
    operation: 'DescribeKey',
    outcome: 'denied',
    errorCode: code,
    actor: { account },
    request: {},
    changes: [],
  });
});

test('a clock four minutes off is no matter', async () => {
  const body = `{"KeyId":"${keyId}"}`;
  for (const aheadMs of [-240_000, 240_000])
    expect((await sendRaw(given, { operation: 'DescribeKey', body, aheadMs })).status).toBe(200);
});

test('who says nothing of himself is refused and not recorded: anybody could fill the disk', async () => {
  const before = given.vault.journal.head();
  const bare = await answerOf(
    given,
    Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
  );
  expect([bare.status, bare.code, bare.seq]).toEqual([400, 'MissingAuthenticationTokenException', undefined]);
  expect(given.vault.journal.head()).toBe(before);
});

test('strangers, and those who only know the name of an access key, are recorded as far as they are few', async () => {
  const { accessKeyId } = await given.root.config.credentials();
  for (const claimed of [accessKeyId, 'AKIANOBODY0000000001']) {
    const before = given.vault.journal.head();
    const requests = await Promise.all(
      Array.from({ length: 400 }, () =>
        rawRequest(given, { operation: 'ListKeys', body: '{}', accessKeyId: claimed, secret: 'wrong' }),
      ),
    );
    const answers = await Promise.all(requests.map((request) => answerOf(given, request)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    const events = given.vault.journal.head() - before;
    expect(events).toBeGreaterThan(50);
    expect(events).toBeLessThan(350);
  }
  // The owner of the access key is not the one who pays.
  await given.root.send(new kms.ListKeysCommand({}));
});

test('whoever has proven who he is is recorded each time, however often he is turned away', async () => {
  const before = given.vault.journal.head();
  const requests = await Promise.all(
    Array.from({ length: 250 }, () => rawRequest(given, { operation: 'Obliterate', body: '{}' })),
  );
  const answers = await Promise.all(requests.map((request) => answerOf(given, request)));
  expect(answers.filter(({ seq }) => seq === undefined)).toEqual([]);
  expect(given.vault.journal.head() - before).toBe(250);
});

test('a signature that changed something once does not do so again', async () => {
  const request = await rawRequest(given, { operation: 'CreateKey', body: '{}' });
  expect((await answerOf(given, request)).status).toBe(200);
  const again = await answerOf(given, request);
  expect([again.status, again.code]).toEqual([400, 'InvalidSignatureException']);
  expect(eventAt(given, again.seq)).toMatchObject({ operation: 'CreateKey', outcome: 'denied' });
  // One that only reads may come again: that is what a proxy's retry looks like.
  const read = await rawRequest(given, { operation: 'ListKeys', body: '{}' });
  expect((await answerOf(given, read)).status).toBe(200);
  expect((await answerOf(given, read)).status).toBe(200);
});

test('an access key that comes back with another secret is opened by the new one only', async () => {
  const { addPrincipal } = await import('../../../src/kms/index.ts');
  const { operatorOf } = await import('../../../src/app/vault.ts');
  const arn = `arn:aws:iam::${ACCOUNT}:role/renewed`;
  const id = 'AKIARENEWED000000000';
  const addWith = (secret: string) =>
    addPrincipal(given.vault.journal, given.vault.keyring, operatorOf(ACCOUNT), {
      arn,
      policies: [],
      accessKey: { id, secret },
    });
  const call = async (secret: string) =>
    (await sendRaw(given, { operation: 'ListKeys', body: '{}', accessKeyId: id, secret })).code;
  await addWith('first'.repeat(8));
  expect(await call('first'.repeat(8))).toBe('AccessDeniedException');
  await given.remove(arn);
  await addWith('other'.repeat(8));
  expect(await call('other'.repeat(8))).toBe('AccessDeniedException');
  expect(await call('first'.repeat(8))).toBe('InvalidSignatureException');
});

test('who is over the quota is throttled in the words that SDKs know, and each time is an event', async () => {
  const { PROTECTIVE_QUOTAS } = await import('../../../src/kms/index.ts');
  const slow = await givenService({ quotas: { ...PROTECTIVE_QUOTAS, describe: 3 } });
  const { KeyMetadata } = await slow.root.send(new kms.CreateKeyCommand({}));
  const sent = await Promise.allSettled(
    Array.from({ length: 12 }, () => slow.root.send(new kms.DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }))),
  );
  const refused = sent.flatMap((one) => (one.status === 'rejected' ? [one.reason as kms.KMSServiceException] : []));
  expect(refused.length).toBeGreaterThan(5);
  for (const { name, message, $retryable } of refused) {
    expect(name).toBe('ThrottlingException');
    expect(message).toBe('You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.');
    expect($retryable?.throttling ?? true).toBe(true);
  }
  expect(slow.events().filter(({ outcome }) => outcome === 'throttled')).toHaveLength(refused.length);
  await slow.close();
});
