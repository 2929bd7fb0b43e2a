import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import { TOPICS, type Topic } from '../../../src/events/index.ts';
import {
  openFileCheckpoint,
  openKafkaLog,
  startRelay,
  type Batch,
  type KafkaLog,
  type KafkaLogOptions,
} from '../../../src/stream/index.ts';
import { startKafkaProxy } from '../../support/kafka-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { arnOfKey, arnOfPrincipal, madeUpJournal, seqOf } from '../../support/made-up-journal.ts';
import { ownPrefix, sharedBrokers } from '../../support/shared-broker.ts';

let brokers: string[];
let prefix: string;
let directory: string;
let log: KafkaLog;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  brokers = await sharedBrokers();
  prefix = ownPrefix();
  directory = await mkdtemp(join(tmpdir(), 'keyledger-relay-'));
  log = await openLog({});
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(directory, { recursive: true });
});

async function openLog(more: Partial<KafkaLogOptions>): Promise<KafkaLog> {
  const opened = await openKafkaLog({ brokers, clientId: 'test', prefix, log: silentLog, ...more });
  closing.push(() => opened.close());
  return opened;
}

/** Everything in a topic, as (partition, seq, key), in the order of delivery. */
async function readAll(topic: Topic) {
  const seen: { partition: number; seq: number; key: string; header: string | undefined }[] = [];
  const handle = ({ partition, messages }: Batch): Promise<void> => {
    for (const { key, value, headers } of messages) {
      seen.push({ partition, seq: seqOf(value), key, header: headers?.['seq'] });
    }
    return Promise.resolve();
  };
  await log.subscribe({ topic, group: 'reader', handle });
  return seen;
}

/** Each partition's seqs, repeats of what was already there left out; these must ascend. */
function withoutRepeats(seen: readonly { partition: number; seq: number }[]): { all: number[]; ascending: boolean } {
  const known = new Set<number>();
  const last = new Map<number, number>();
  let ascending = true;
  for (const { partition, seq } of seen) {
    if (known.has(seq)) continue;
    known.add(seq);
    if (seq < (last.get(partition) ?? 0)) ascending = false;
    last.set(partition, seq);
  }
  return { all: [...known].sort((a, b) => a - b), ascending };
}

const upTo = (head: number): number[] => Array.from({ length: head }, (_, at) => at + 1);

test('publishes every event twice, by its key or account and by its principal, with its seq in the headers', async () => {
  const journal = madeUpJournal(300);
  const checkpoint = openFileCheckpoint(join(directory, 'position'));
  const relay = await startRelay({ journal, log, checkpoint, logger: silentLog });
  closing.push(() => relay.close());
  const byKey = await readAll(TOPICS.keyEvents);
  const byPrincipal = await readAll(TOPICS.eventsByPrincipal);
  await eventually('300', () => byKey.length >= 300 && byPrincipal.length >= 300);
  journal.grow(301);
  await eventually('301', () => byKey.length >= 301 && byPrincipal.length >= 301);
  for (const { seq, key, header } of byKey) {
    expect({ key, header }).toEqual({ key: seq % 10 === 0 ? '000000000000' : arnOfKey(seq), header: String(seq) });
  }
  for (const { seq, key } of byPrincipal) expect(key).toBe(arnOfPrincipal(seq));
  expect(withoutRepeats(byKey)).toEqual({ all: upTo(301), ascending: true });
  expect(new Set(byKey.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  await eventually('no backlog', () => relay.backlog() === 0);
  expect(await checkpoint.load()).toBe(301);
});

test('killed again and again, repeats at most its last batch each time, and loses nothing', async () => {
  const head = 30_000;
  const maxBatch = 200;
  await log.ready();
  const child = join(import.meta.dirname, '..', '..', 'support', 'relay-child.ts');
  const file = join(directory, 'position');
  const args = ['--import', 'tsx', child, brokers.join(','), prefix, file, String(head), String(maxBatch)];
  const kills = 6;
  let killed = 0;
  for (;;) {
    const relay = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(relay, 'exit');
    const enough = killed < kills ? ((killed + 1) * head) / (kills + 2) : Infinity;
    for await (const line of createInterface(relay.stdout)) if (Number(line) >= enough) relay.kill('SIGKILL');
    await ended;
    if (relay.signalCode === null) break;
    killed += 1;
  }
  expect(killed).toBe(kills);
  expect(await openFileCheckpoint(file).load()).toBe(head);
  const seen = await readAll(TOPICS.keyEvents);
  await eventually('all of it', async () => seen.length >= head && (await log.lag(TOPICS.keyEvents, 'reader')) === 0);
  expect(withoutRepeats(seen)).toEqual({ all: upTo(head), ascending: true });
  expect(seen.length - head).toBeLessThanOrEqual(kills * maxBatch);
});

test('a produce response that is lost makes repeats with the same seq, and no loss', async () => {
  const proxy = await startKafkaProxy(brokers[0]!);
  closing.push(() => proxy.close());
  await log.ready();
  const through = await openLog({ connect: proxy.connect });
  const checkpoint = openFileCheckpoint(join(directory, 'position'));
  const journal = madeUpJournal(2000);
  const relay = await startRelay({ journal, log: through, checkpoint, logger: silentLog, maxBatch: 500 });
  closing.push(() => relay.close());
  for (let times = 1; times <= 5; times += 1) {
    await eventually('published', () => relay.backlog() === 0);
    proxy.loseProduceResponse();
    journal.grow(journal.head() + 1500);
    await eventually('a lost response', () => proxy.lost() === times);
  }
  await eventually('published', () => relay.backlog() === 0);
  const byKey = await readAll(TOPICS.keyEvents);
  const byPrincipal = await readAll(TOPICS.eventsByPrincipal);
  const finished = async (topic: Topic): Promise<boolean> => (await log.lag(topic, 'reader')) === 0;
  await eventually(
    'read',
    async () => (await finished(TOPICS.keyEvents)) && (await finished(TOPICS.eventsByPrincipal)),
  );
  expect(withoutRepeats(byKey)).toEqual({ all: upTo(journal.head()), ascending: true });
  expect(withoutRepeats(byPrincipal)).toEqual({ all: upTo(journal.head()), ascending: true });
  // What was appended and not acknowledged is there a second time.
  expect(byKey.length + byPrincipal.length).toBeGreaterThan(2 * journal.head());
});

test('a connection that carries nothing any more is left, and the order is kept', async () => {
  const proxy = await startKafkaProxy(brokers[0]!);
  closing.push(() => proxy.close());
  const through = await openLog({ connect: proxy.connect });
  const journal = madeUpJournal(1000);
  const checkpoint = openFileCheckpoint(join(directory, 'position'));
  const relay = await startRelay({ journal, log: through, checkpoint, logger: silentLog });
  closing.push(() => relay.close());
  await eventually('published', () => relay.backlog() === 0);
  proxy.stall();
  journal.grow(5000);
  await eventually('a backlog', () => relay.backlog() === 4000);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  proxy.flow();
  // What was sent meanwhile is gone: those connections would wait for ever.
  await eventually('published', () => relay.backlog() === 0, 60_000);
  const seen = await readAll(TOPICS.keyEvents);
  await eventually('read', async () => (await log.lag(TOPICS.keyEvents, 'reader')) === 0);
  expect(withoutRepeats(seen)).toEqual({ all: upTo(5000), ascending: true });
});
