import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TOPICS } from '../../src/events/index.ts';
import { startBroker, type Broker } from '../support/broker.ts';
import { endServices, startService, type Service } from '../support/service.ts';
import { createKey, firstCredentials, openCaller, succeed, type Caller, type Reply } from './given/caller.ts';
import { all, readTopic, settledTally, sql } from './given/readers.ts';
import { hire } from './given/staff.ts';
import { canary, foundBelow, foundIn, type Canary } from './given/search.ts';

const TABLES = ['key_events', 'sli_1m', 'sli_1h', 'key_state', 'findings', 'alerts', 'sink_batches'];
const CANARY_BYTES = 32;

describe.each(['the embedded log', 'Kafka'] as const)('no secret is written down, over %s', (stream) => {
  let broker: Broker | undefined;
  let service: Service;
  let caller: Caller;
  let denied: Caller;
  const canaries: Canary[] = [];
  const refusals: Reply[] = [];

  /** A plaintext that is nowhere else in the world. */
  const plant = (name: string): string => {
    const bytes = randomBytes(CANARY_BYTES);
    canaries.push(canary(name, bytes));
    return bytes.toString('base64');
  };
  const keep = (name: string, base64: unknown): void =>
    void canaries.push(canary(name, Buffer.from(String(base64), 'base64')));
  const refused = async (reply: Promise<Reply>): Promise<void> => {
    const answer = await reply;
    expect(answer.status).toBeGreaterThanOrEqual(400);
    refusals.push(answer);
  };

  beforeAll(async () => {
    broker = stream === 'Kafka' ? await startBroker({ owned: true }) : undefined;
    service = await startService({
      environment: {
        KEYLEDGER_LOG_LEVEL: 'debug',
        ...(broker === undefined ? {} : { KAFKA_BROKERS: broker.brokers.join(',') }),
      },
    });
    caller = openCaller(service.api, firstCredentials(service.data));
    denied = openCaller(service.api, await hire(service, 'user/nobody', ['kms:ListKeys']));
  });
  afterAll(async () => {
    caller.close();
    denied.close();
    await endServices();
    await broker?.stop();
  });

  test('whatever is sent, and however it is refused', async () => {
    const key = await createKey(caller, { Description: 'in use' });
    const off = await createKey(caller, { Description: 'switched off' });
    const mac = await createKey(caller, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    await succeed(caller, 'DisableKey', { KeyId: off });
    const target = 'TrentService.Encrypt';
    const EncryptionContext = { purpose: 'canary' };

    const { json: sealed } = await succeed(caller, 'Encrypt', {
      KeyId: key,
      Plaintext: plant('encrypted'),
      EncryptionContext,
    });
    await succeed(caller, 'Decrypt', { CiphertextBlob: sealed['CiphertextBlob'], EncryptionContext });
    await succeed(caller, 'ReEncrypt', {
      CiphertextBlob: sealed['CiphertextBlob'],
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: key,
    });
    await succeed(caller, 'GenerateMac', { KeyId: mac, Message: plant('message'), MacAlgorithm: 'HMAC_SHA_256' });
    keep('data key', (await succeed(caller, 'GenerateDataKey', { KeyId: key, KeySpec: 'AES_256' })).json['Plaintext']);
    keep(
      'private key',
      (await succeed(caller, 'GenerateDataKeyPair', { KeyId: key, KeyPairSpec: 'ECC_NIST_P256' })).json[
        'PrivateKeyPlaintext'
      ],
    );
    keep('random', (await succeed(caller, 'GenerateRandom', { NumberOfBytes: 32 })).json['Plaintext']);

    await refused(caller.call('Encrypt', { KeyId: off, Plaintext: plant('for a disabled key') }));
    await refused(caller.call('Encrypt', { KeyId: 'alias/none', Plaintext: plant('for no key') }));
    await refused(denied.call('Encrypt', { KeyId: key, Plaintext: plant('by a stranger to the key') }));
    await refused(
      caller.call('Encrypt', {
        KeyId: key,
        Plaintext: plant('for another algorithm'),
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      }),
    );
    await refused(
      caller.call('Sign', { KeyId: key, Message: plant('for another usage'), SigningAlgorithm: 'ECDSA_SHA_256' }),
    );
    const long = Buffer.concat([Buffer.from(plant('too long'), 'base64'), Buffer.alloc(4096)]).toString('base64');
    await refused(caller.call('Encrypt', { KeyId: key, Plaintext: long }));
    await refused(caller.call('Encrypt', { KeyId: key, Plaintext: [plant('in a list')] }));
    await refused(caller.call('Encrypt', { KeyId: key, Plaintext: `${plant('bad base64')}!` }));
    await refused(caller.send({ target, body: `{"KeyId":"${key}","Plaintext":"${plant('malformed')}"` }));
    await refused(
      caller.send({
        target,
        body: JSON.stringify({ KeyId: key, Plaintext: plant('oversized'), Padding: 'x'.repeat(300_000) }),
      }),
    );
    await refused(
      caller.send({
        target: 'TrentService.Obliterate',
        body: JSON.stringify({ Plaintext: plant('unknown operation') }),
      }),
    );
    await refused(
      caller.send({
        target,
        body: JSON.stringify({ KeyId: key, Plaintext: plant('an hour late') }),
        skewMs: -3_600_000,
      }),
    );
    const body = JSON.stringify({ KeyId: key, Plaintext: plant('bad signature') });
    await refused(
      caller.send({
        target,
        body,
        tamper: (headers) => ({ ...headers, 'X-Amz-Date': headers['X-Amz-Date'] ?? '', 'x-amz-extra': '1' }),
      }),
    );

    expect(refusals.flatMap((reply) => foundIn(reply.body, canaries))).toEqual([]);
  });

  test('no file, table, topic, metric or line of the log holds it', async () => {
    const { journal } = await service.status();
    const head = journal?.head ?? 0;
    expect(await settledTally(service)).toEqual(all(head));
    for (const table of TABLES) {
      const rows = await sql(service, `SELECT * FROM ${table}`);
      expect([table, ...foundIn(JSON.stringify(rows), canaries)]).toEqual([table]);
    }
    const metrics = await (await fetch(`${service.console}/metrics`)).text();
    expect(foundIn(metrics, canaries)).toEqual([]);
    if (broker !== undefined) {
      for (const topic of Object.values(TOPICS)) {
        const messages = await readTopic(broker.brokers, topic).catch(() => []);
        const found = messages.flatMap(({ key, value }) => foundIn(Buffer.concat([key, value]), canaries));
        expect([topic, ...found]).toEqual([topic]);
      }
    }
    // The search itself is able to find something: an encryption context is evidence, and is there.
    expect(JSON.stringify(await sql(service, 'SELECT * FROM key_events'))).toContain('canary');
    const { stdout, stderr } = await service.stop();
    expect(foundIn(stdout + stderr, canaries)).toEqual([]);
    expect(foundBelow(service.data, canaries)).toEqual([]);
  });

  test('the root key and the first secret access key are in their own files and nowhere else', () => {
    const { secretAccessKey } = firstCredentials(service.data);
    const secrets = [
      canary('root key', readFileSync(join(service.data, 'root-key'))),
      { name: 'secret access key', forms: [Buffer.from(secretAccessKey, 'utf8')] },
    ];
    expect(foundBelow(service.data, secrets).toSorted()).toEqual([
      'credentials: secret access key',
      'root-key: root key',
    ]);
  });
});
