import {
  CreateAliasCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  KMSServiceException,
  type KMSClientConfig,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusalResponse, refuse } from '../../../src/kms/api/index.ts';
import { ACCESS_KEY_ID, SECRET } from '../../unit/kms/api/signed-request.ts';
import { startEcho, type Echo } from './echo-server.ts';

let echo: Echo;
const opened: KMSClient[] = [];
const clientOf = (port: number, config: KMSClientConfig = {}): KMSClient => {
  const client = new KMSClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    ...config,
  });
  opened.push(client);
  return client;
};
const failure = (sent: Promise<unknown>): Promise<KMSServiceException> =>
  sent.then(
    () => Promise.reject(new Error('was not refused')),
    (thrown: unknown) => thrown as KMSServiceException,
  );

beforeAll(async () => {
  echo = await startEcho();
});
afterAll(async () => {
  for (const client of opened) client.destroy();
  await echo.close();
});

test('an unmodified client is verified, understood and answered', async () => {
  const answer = await clientOf(echo.port).send(
    new EncryptCommand({
      KeyId: 'alias/app',
      Plaintext: Buffer.from('hello'),
      EncryptionContext: { tenant: 'größer' },
    }),
  );
  expect(answer.KeyId).toBe('alias/app');
  expect(Buffer.from(answer.CiphertextBlob ?? []).toString()).toBe('hello');
  expect(answer.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 1 });
  const [request] = echo.seen.slice(-1);
  expect(request?.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  expect(answer.$metadata.requestId).toBe(request?.requestId);
  expect(request).toMatchObject({ operation: 'Encrypt', ip: '127.0.0.1' });
  expect(request?.userAgent).toMatch(/^aws-sdk-js/);
});

test('an invalid input is the ValidationException the client expects', async () => {
  const refused = await failure(
    clientOf(echo.port).send(new CreateAliasCommand({ AliasName: 'a b', TargetKeyId: 'k' })),
  );
  expect(refused).toMatchObject({
    name: 'ValidationException',
    $fault: 'client',
    message:
      "1 validation error detected: Value 'a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
  });
});

test('a wrong secret and an unknown access key are told apart, and neither is retried', async () => {
  const wrong = clientOf(echo.port, { credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: 'wrong' } });
  const unknown = clientOf(echo.port, { credentials: { accessKeyId: 'AKIDNOBODY', secretAccessKey: 'wrong' } });
  const before = echo.seen.length;
  expect((await failure(unknown.send(new DescribeKeyCommand({ KeyId: 'k' })))).name).toBe(
    'UnrecognizedClientException',
  );
  expect(echo.seen.length).toBe(before + 1);
  expect((await failure(wrong.send(new DescribeKeyCommand({ KeyId: 'k' })))).name).toBe('InvalidSignatureException');
});

test('a client whose clock is an hour off learns the time from our refusal', async () => {
  const client = clientOf(echo.port, { systemClockOffset: 3_600_000 });
  const ask = () => client.send(new GenerateDataKeyCommand({ KeyId: 'alias/app', NumberOfBytes: 32 }));
  const refused = await failure(ask());
  expect(refused.name).toBe('InvalidSignatureException');
  expect(refused.message).toMatch(/^Signature not yet current: \S+ is still later than \S+ \(\S+ \+ 5 min\.\)$/);
  expect((await ask()) as object).toMatchObject({ KeyId: 'alias/app' });
});

test('every modelled refusal arrives as the class the SDK has for it', async () => {
  const refusing = await startEcho({
    handle: () => Promise.resolve(refusalResponse(refuse('DisabledException', 'arn:aws:kms:x is disabled.'), 42)),
  });
  const client = clientOf(refusing.port);
  let header: string | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      header = (result.response as { headers: Record<string, string> }).headers['x-keyledger-event'];
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const refused = await failure(client.send(new DescribeKeyCommand({ KeyId: 'k' })));
  expect(refused.constructor.name).toBe('DisabledException');
  expect(refused).toBeInstanceOf(KMSServiceException);
  expect(refused.message).toBe('arn:aws:kms:x is disabled.');
  expect(header).toBe('42');
  await refusing.close();
});

test('throttling is retried by the client as throttling', async () => {
  let calls = 0;
  const busy = await startEcho({
    handle: () => {
      calls += 1;
      return Promise.resolve(
        calls === 1
          ? refusalResponse(refuse('ThrottlingException'))
          : { status: 200, body: '{"KeyMetadata":{"KeyId":"k"}}' },
      );
    },
  });
  const answer = await clientOf(busy.port).send(new DescribeKeyCommand({ KeyId: 'k' }));
  expect(answer.KeyMetadata?.KeyId).toBe('k');
  expect(answer.$metadata.attempts).toBe(2);
  await busy.close();
});

test('thirty-two clients at once get their own answers', async () => {
  const client = clientOf(echo.port);
  const texts = Array.from({ length: 200 }, (_, index) => `plaintext ${index}`);
  const answers = await Promise.all(
    texts.map((text) => client.send(new EncryptCommand({ KeyId: 'alias/app', Plaintext: Buffer.from(text) }))),
  );
  expect(answers.map((answer) => Buffer.from(answer.CiphertextBlob ?? []).toString())).toEqual(texts);
});
