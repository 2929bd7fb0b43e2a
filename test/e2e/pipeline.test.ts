import { randomBytes } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  RotateKeyOnDemandCommand,
  TagResourceCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Alert, Finding, KeyEvent, KeyStateRow, TOPICS } from '../../src/events/index.ts';
import { openReceiver, type Receiver } from '../integration/alerts/receiver.ts';
import { startBroker, type Broker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { endServices, startService, type Service } from '../support/service.ts';
import { all, readTopic, settledTally, sql } from './given/readers.ts';
import { arnOf, hire, sdk } from './given/staff.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const STEADY = 12;
const BURST = 600;
const AT_ONCE = 24;

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe.each(['the embedded log', 'Kafka'] as const)('from the SDK to the alert over %s', (stream) => {
  let broker: Broker | undefined;
  let receiver: Receiver;
  let service: Service;
  let keys: { orders: string; retired: string };

  beforeAll(async () => {
    [broker, receiver] = await Promise.all([
      stream === 'Kafka' ? startBroker({ owned: true }) : undefined,
      openReceiver(),
    ]);
    service = await startService({
      environment: {
        KEYLEDGER_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/alerts`,
        KEYLEDGER_WEBHOOK_SECRET: SECRET,
        KEYLEDGER_WEBHOOK_ALLOW_PRIVATE: 'true',
        ...(broker === undefined ? {} : { KAFKA_BROKERS: broker.brokers.join(',') }),
      },
    });
  });
  afterAll(async () => {
    await endServices();
    await receiver.close();
    await broker?.stop();
  });

  test('every call of every principal is once in the journal, the ledger, ClickHouse and its rollup', async () => {
    const root = sdk(service);
    const payments = sdk(service, await hire(service, 'role/payments', ['kms:GenerateDataKey', 'kms:Decrypt']));
    const auditor = sdk(service, await hire(service, 'user/auditor', ['kms:DescribeKey', 'kms:ListKeys']));
    keys = { orders: await newKey(root, 'alias/orders'), retired: await newKey(root, 'alias/retired') };

    const EncryptionContext = { table: 'orders' };
    const sealed = await root.send(
      new EncryptCommand({ KeyId: 'alias/orders', Plaintext: bytes('one'), EncryptionContext }),
    );
    await root.send(new RotateKeyOnDemandCommand({ KeyId: keys.orders }));
    await root.send(new TagResourceCommand({ KeyId: keys.orders, Tags: [{ TagKey: 'team', TagValue: 'shop' }] }));
    await root.send(new DisableKeyCommand({ KeyId: keys.retired }));
    for (let turn = 0; turn < STEADY; turn += 1) {
      const { CiphertextBlob } = await payments.send(
        new GenerateDataKeyCommand({ KeyId: keys.orders, KeySpec: 'AES_256', EncryptionContext }),
      );
      await payments.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    }
    const { Plaintext } = await payments.send(
      new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext }),
    );
    expect(Buffer.from(Plaintext ?? []).toString()).toBe('one');
    const stolen = { CiphertextBlob: sealed.CiphertextBlob, EncryptionContext };
    await expect(auditor.send(new DecryptCommand(stolen))).rejects.toThrow(/not authorized to perform: kms:Decrypt/);
    await expect(payments.send(new DecryptCommand({ ...stolen, EncryptionContext: {} }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });

    const { journal } = await service.status();
    expect(await settledTally(service)).toEqual(all(journal?.head ?? 0));
    const counted = await sql(
      service,
      `SELECT principal, operation, outcome, error_code, count() AS calls FROM key_events
       WHERE principal IN ('${arnOf('role/payments')}', '${arnOf('user/auditor')}') GROUP BY ALL
       ORDER BY principal, operation, outcome DESC`,
    );
    const row = (name: string, operation: string, calls: number, outcome = 'success', error_code = ''): unknown => ({
      principal: arnOf(name),
      operation,
      outcome,
      error_code,
      calls,
    });
    expect(counted).toEqual([
      row('role/payments', 'Decrypt', STEADY + 1),
      row('role/payments', 'Decrypt', 1, 'invalid', 'InvalidCiphertextException'),
      row('role/payments', 'GenerateDataKey', STEADY),
      row('user/auditor', 'Decrypt', 1, 'denied', 'AccessDeniedException'),
    ]);
    for (const client of [root, payments, auditor]) client.destroy();
  });

  test('the state of each key follows its changes', async () => {
    const stateOf = async (arn: string): Promise<unknown> =>
      (
        await sql(
          service,
          `SELECT state, version, aliases, tags FROM key_state FINAL WHERE arn = '${arn}' AND length(aliases) > 0`,
        )
      )[0];
    await eventually('both keys are there', async () => (await stateOf(keys.retired)) !== undefined);
    expect(await stateOf(keys.orders)).toEqual({
      state: 'Enabled',
      version: 2,
      aliases: ['alias/orders'],
      tags: { team: 'shop' },
    });
    expect(await stateOf(keys.retired)).toMatchObject({ state: 'Disabled', version: 1, aliases: ['alias/retired'] });
  });

  test('a burst of decrypts is a finding and an alert: a row each, and one signed call of the receiver', async () => {
    const thief = await hire(service, 'role/reports', ['kms:Encrypt', 'kms:Decrypt']);
    const client = sdk(service, thief);
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: keys.orders, Plaintext: bytes('loot') }));
    await decryptAll(
      client,
      Array.from({ length: BURST }, () => CiphertextBlob!),
    );
    client.destroy();
    const principal = arnOf('role/reports');

    await eventually('the receiver is told', () => receiver.received.length > 0, 60_000);
    const deliveries = receiver.received.map(({ body, headers, path }) => {
      expect(path).toBe('/alerts');
      return new Webhook(SECRET).verify(body, headers) as { type: string; data: unknown };
    });
    const opened = Alert.parse(deliveries.find(({ type }) => type === 'alert.opened')?.data);
    expect(opened).toMatchObject({ principal, key: keys.orders, detectors: ['KL-06'], status: 'open', version: 1 });
    expect(deliveries.every(({ data }) => Alert.parse(data).id === opened.id)).toBe(true);

    await eventually('the alert is a row', async () => (await sql(service, 'SELECT 1 FROM alerts')).length > 0);
    const rows = await sql(service, 'SELECT id, principal, key_arn, alert FROM alerts FINAL');
    expect(rows).toEqual([{ id: opened.id, principal, key_arn: keys.orders, alert: expect.any(String) as unknown }]);
    const findings = await sql<{ finding: string }>(service, 'SELECT finding FROM findings FINAL ORDER BY time');
    const [finding] = findings.map((found) => Finding.parse(JSON.parse(found.finding)));
    expect(finding).toMatchObject({ principal, key: keys.orders, detector: 'KL-06' });
    expect(opened.findings).toContain(finding?.id);

    // The evidence is what happened: the events it cites are decrypts of this principal with this key.
    const cited = await sql(
      service,
      `SELECT DISTINCT operation, principal, key_arn FROM key_events WHERE seq IN (${opened.seqs.join(', ')})`,
    );
    expect(cited).toEqual([{ operation: 'Decrypt', principal, key_arn: keys.orders }]);
  });

  test('no reader has set anything of it aside, and all of them catch up', async () => {
    await eventually('nothing lags', async () => (await service.status()).consumers.every(({ lag }) => lag === 0));
    const { consumers, ready } = await service.status();
    expect(ready).toBe(true);
    expect(consumers.filter(({ deadLetters }) => deadLetters > 0)).toEqual([]);
    expect(new Set(consumers.map(({ topic }) => topic))).toEqual(
      new Set([TOPICS.keyEvents, TOPICS.keyState, TOPICS.findings, TOPICS.alerts]),
    );
  });

  test('the command line says the same, for programs', async () => {
    const parsed = async (...words: string[]): Promise<Record<string, unknown>[]> => {
      const { code, stdout, stderr } = await service.cli(...words, '--json');
      expect([code, stderr]).toEqual([0, '']);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const [status] = await parsed('status');
    expect(status).toMatchObject({ ready: true, ...(stream === 'Kafka' ? { relay: { backlog: 0 } } : {}) });
    const [sli] = await parsed('sli', '--since', '1h', '--by', 'principal');
    expect(sli?.['rows']).toEqual(
      expect.arrayContaining([expect.objectContaining({ principal: arnOf('role/reports'), success: BURST + 1 })]),
    );
    const events = (await parsed('events', 'tail', '-n', '50')).map((event) => KeyEvent.parse(event));
    expect(events).toHaveLength(50);
    const [people] = await parsed('principals', 'list');
    expect(people?.['principals']).toHaveLength(4);
  });

  if (stream === 'Kafka')
    test('the topics hold it too, in the order of each key and of each principal', async () => {
      const { brokers } = broker!;
      const { journal } = await service.status();
      for (const topic of [TOPICS.keyEvents, TOPICS.eventsByPrincipal]) {
        const messages = (await readTopic(brokers, topic)).map((message) => ({
          ...message,
          event: KeyEvent.parse(JSON.parse(message.value.toString())),
        }));
        expect(messages.map(({ event }) => event.seq).sort((a, b) => a - b)).toEqual(
          Array.from({ length: journal?.head ?? 0 }, (_, at) => at + 1),
        );
        const lastOf = new Map<string, number>();
        for (const { key, event, headers } of messages) {
          expect(headers['seq']).toBe(String(event.seq));
          expect(event.seq).toBeGreaterThan(lastOf.get(key.toString()) ?? 0);
          lastOf.set(key.toString(), event.seq);
        }
        expect([...lastOf.keys()]).toContain(topic === TOPICS.keyEvents ? keys.orders : arnOf('role/payments'));
      }
      const states = new Map<string, KeyStateRow>();
      for (const { key, value } of await readTopic(brokers, TOPICS.keyState))
        states.set(key.toString(), KeyStateRow.parse(JSON.parse(value.toString())));
      expect(states.get(keys.orders)).toMatchObject({ state: 'Enabled', version: 2, aliases: ['alias/orders'] });
      expect(states.get(keys.retired)).toMatchObject({ state: 'Disabled' });
      const alerts = (await readTopic(brokers, TOPICS.alerts)).map(
        ({ value }) => JSON.parse(value.toString()) as unknown,
      );
      expect(Alert.parse(alerts[0])).toMatchObject({ status: 'open', key: keys.orders });
      expect(await readTopic(brokers, TOPICS.deadLetter)).toEqual([]);
    });
});

async function newKey(client: KMSClient, alias: string): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: alias }));
  await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function decryptAll(client: KMSClient, blobs: readonly Uint8Array[]): Promise<void> {
  const queue = [...blobs];
  const work = async (): Promise<void> => {
    for (let CiphertextBlob = queue.pop(); CiphertextBlob !== undefined; CiphertextBlob = queue.pop())
      await client.send(new DecryptCommand({ CiphertextBlob }));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
