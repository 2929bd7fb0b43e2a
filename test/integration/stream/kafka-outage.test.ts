import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { OperationalError, silentLog, type Log } from '../../../src/base/index.ts';
import { TOPICS } from '../../../src/events/index.ts';
import {
  openKafkaLog,
  startRelay,
  type Batch,
  type KafkaLog,
  type KafkaLogOptions,
} from '../../../src/stream/index.ts';
import { startBroker, type Broker } from '../../support/broker.ts';
import { eventually } from '../../support/eventually.ts';
import { madeUpJournal, seqOf } from '../../support/made-up-journal.ts';
import { ownPrefix } from '../../support/shared-broker.ts';

/** A broker of this file's own, because it is stopped, killed and frozen here. */
let broker: Broker;
let prefix: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  broker = await startBroker({ owned: true });
});
afterAll(() => broker.stop());
beforeEach(() => {
  prefix = ownPrefix();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openLog(more: Partial<KafkaLogOptions> = {}): Promise<KafkaLog> {
  const opened = await openKafkaLog({ brokers: broker.brokers, clientId: 'test', prefix, log: silentLog, ...more });
  closing.push(() => opened.close());
  return opened;
}

function memoryCheckpoint() {
  let saved = 0;
  return { load: () => Promise.resolve(saved), save: (seq: number) => Promise.resolve(void (saved = seq)) };
}

const errors: string[] = [];
const errorLog: Log = { ...silentLog, error: (event, fields) => errors.push(`${event} ${JSON.stringify(fields)}`) };

test('a broker killed under load and gone for a while: the backlog is told, then drains in order, and nothing is lost', async () => {
  const log = await openLog({ log: errorLog });
  const journal = madeUpJournal(0);
  const relay = await startRelay({ journal, log, checkpoint: memoryCheckpoint(), logger: errorLog });
  closing.push(() => relay.close());
  const seen: { partition: number; seq: number }[] = [];
  await log.subscribe({
    topic: TOPICS.keyEvents,
    group: 'reader',
    handle({ partition, messages }: Batch) {
      for (const { value } of messages) seen.push({ partition, seq: seqOf(value) });
      return Promise.resolve();
    },
  });
  const load = setInterval(() => journal.grow(journal.head() + 20), 10);
  closing.push(() => {
    clearInterval(load);
    return Promise.resolve();
  });
  await eventually('some are read', () => seen.length > 1000);

  await broker.kill();
  const atKill = relay.position();
  const heapAtKill = process.memoryUsage().heapUsed;
  await delay(6000);
  expect(relay.backlog()).toBeGreaterThan(5000);
  expect(relay.position() - atKill).toBeLessThan(5000);
  expect(process.memoryUsage().heapUsed - heapAtKill).toBeLessThan(64 * 1024 * 1024);
  const grownMeanwhile = journal.head();
  await broker.restart();

  await eventually('the outage is caught up', () => relay.position() > grownMeanwhile, 60_000);
  clearInterval(load);
  await eventually('no backlog', () => relay.backlog() === 0);
  const distinct = (): number => new Set(seen.map(({ seq }) => seq)).size;
  await eventually('all are read', () => distinct() === journal.head(), 60_000);
  const known = new Set<number>();
  const last = new Map<number, number>();
  for (const { partition, seq } of seen) {
    if (known.has(seq)) continue;
    expect(seq).toBeGreaterThan(last.get(partition) ?? 0);
    known.add(seq);
    last.set(partition, seq);
  }
  // A broker that is away is the broker's trouble: waited out, and not an error of ours.
  expect(errors).toEqual([]);
});

test('an append to a broker that does not come back in time rejects, retryably, and succeeds once it is back', async () => {
  const log = await openLog({ appendTimeoutMs: 1500 });
  await log.ready();
  await log.append(TOPICS.findings, [{ key: 'k', value: Buffer.from('before') }]);
  await broker.kill();
  const rejected = await log
    .append(TOPICS.findings, [{ key: 'k', value: Buffer.from('lost?') }])
    .catch((error: unknown) => error);
  expect(rejected).toBeInstanceOf(OperationalError);
  expect(rejected).toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true });
  await expect(log.lag(TOPICS.findings, 'g')).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true });
  await broker.restart();
  await eventually('an append', () =>
    log.append(TOPICS.findings, [{ key: 'k', value: Buffer.from('after') }]).then(
      () => true,
      () => false,
    ),
  );
});

test('a broker that is not there at the start is waited for, by readers and by `ready`', async () => {
  await broker.kill();
  const log = await openLog();
  await expect(log.ready()).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true });
  const texts: string[] = [];
  await log.subscribe({
    topic: TOPICS.alerts,
    group: 'early',
    handle: ({ messages }) =>
      Promise.resolve(void texts.push(...messages.map(({ value }) => Buffer.from(value).toString()))),
  });
  const appended = log.append(TOPICS.alerts, [{ key: 'k', value: Buffer.from('patience') }]);
  await broker.restart();
  await appended;
  await eventually('delivery', () => texts.length > 0, 60_000);
  expect(texts).toEqual(['patience']);
  await log.ready();
});

test('a reader whose outage outlasts the session and a restart of the broker gets the same batch, and keeps its place', async () => {
  const log = await openLog({ sessionTimeoutMs: 6000 });
  await log.append(
    TOPICS.findings,
    [1, 2, 3, 4].map((number) => ({ key: 'k', value: Buffer.from(`${number}`) })),
  );
  const batches: string[] = [];
  let away = true;
  await log.subscribe({
    topic: TOPICS.findings,
    group: 'g',
    maxBatch: 3,
    handle({ messages }) {
      batches.push(messages.map(({ value }) => Buffer.from(value).toString()).join());
      return away ? Promise.reject(new OperationalError('CLICKHOUSE_UNAVAILABLE', 'away')) : Promise.resolve();
    },
  });
  await eventually('attempts', () => batches.length > 2);
  await delay(9000);
  expect(new Set(batches)).toEqual(new Set(['1,2,3']));
  await broker.kill();
  await broker.restart();
  away = false;
  await eventually('the rest', () => batches.at(-1) === '4', 60_000);
  expect(new Set(batches.slice(0, -1))).toEqual(new Set(['1,2,3']));
  await eventually('no lag', async () => (await log.lag(TOPICS.findings, 'g').catch(() => -1)) === 0);
});

test('a broker that freezes and thaws costs nothing but time', async () => {
  const log = await openLog();
  const journal = madeUpJournal(500);
  const relay = await startRelay({ journal, log, checkpoint: memoryCheckpoint(), logger: silentLog });
  closing.push(() => relay.close());
  await eventually('published', () => relay.backlog() === 0);
  await broker.freeze();
  journal.grow(3000);
  await delay(12_000);
  expect(relay.backlog()).toBe(2500);
  await broker.thaw();
  await eventually('published', () => relay.backlog() === 0, 60_000);
  const seen = new Set<number>();
  await log.subscribe({
    topic: TOPICS.keyEvents,
    group: 'reader',
    handle({ messages }) {
      for (const { value } of messages) seen.add(seqOf(value));
      return Promise.resolve();
    },
  });
  await eventually('read', () => seen.size === 3000, 60_000);
});
