import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog, type Log } from '../../../src/base/index.ts';
import { TOPICS } from '../../../src/events/index.ts';
import { openEmbeddedLog, type Batch, type EmbeddedLogOptions, type EventLog } from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';
import { madeUpJournal, seqOf } from '../../support/made-up-journal.ts';

let path: string;
const logs: EventLog[] = [];
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'keyledger-embedded-'));
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
  await rm(path, { recursive: true });
});

function openLog(options: Partial<EmbeddedLogOptions> = {}): EventLog {
  const log = openEmbeddedLog({ path, log: silentLog, ...options });
  logs.push(log);
  return log;
}

const message = (text: string) => ({ key: 'k', value: Buffer.from(text) });
const textsOf = (batch: Batch): string[] => batch.messages.map(({ value }) => Buffer.from(value).toString());

test('both event topics are the journal: its seqs for offsets, in one partition, with no key', async () => {
  const journal = madeUpJournal(5);
  const log = openLog({ journal });
  for (const topic of [TOPICS.keyEvents, TOPICS.eventsByPrincipal]) {
    const batches: Batch[] = [];
    await log.subscribe({
      topic,
      group: 'g',
      maxBatch: 3,
      handle: (batch) => Promise.resolve(void batches.push(batch)),
    });
    await eventually('all', () => batches.length === 2);
    expect(batches.map(({ partition }) => partition)).toEqual([0, 0]);
    const messages = batches.flatMap((batch) => batch.messages);
    expect(messages.map(({ offset, key, headers }) => [offset, key, headers?.['seq']])).toEqual(
      [1, 2, 3, 4, 5].map((seq) => [seq, '', String(seq)]),
    );
    expect(messages.map(({ value }) => seqOf(value))).toEqual([1, 2, 3, 4, 5]);
  }
});

test('what another process commits to the journal is seen within the poll, and counts as lag until then', async () => {
  const journal = madeUpJournal(0);
  const log = openLog({ journal, pollMs: 5 });
  const seqs: number[] = [];
  await log.subscribe({
    topic: TOPICS.keyEvents,
    group: 'g',
    handle: ({ messages }) => Promise.resolve(void seqs.push(...messages.map(({ offset }) => offset))),
  });
  expect(await log.lag(TOPICS.keyEvents, 'g')).toBe(0);
  journal.grow(2);
  expect(await log.lag(TOPICS.keyEvents, 'g')).toBe(2);
  await eventually('two', () => seqs.length === 2, 1000);
  journal.grow(3);
  await eventually('three', () => seqs.length === 3, 1000);
  await eventually('no lag', async () => (await log.lag(TOPICS.keyEvents, 'g')) === 0);
});

test('nobody appends to the journal through the log', async () => {
  const log = openLog({ journal: madeUpJournal(1) });
  await expect(log.append(TOPICS.keyEvents, [message('forged')])).rejects.toThrow('Bug');
  await expect(log.append(TOPICS.eventsByPrincipal, [message('forged')])).rejects.toThrow('Bug');
});

test('a topic keeps its newest messages, and a reader that is late is told what it missed', async () => {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (event, fields) => warnings.push([event, fields]) };
  const first = openLog({ keep: 10, log });
  const early = await first.subscribe({ topic: TOPICS.alerts, group: 'late', handle: () => Promise.resolve() });
  await first.append(TOPICS.alerts, [message('0')]);
  await eventually('one', async () => (await first.lag(TOPICS.alerts, 'late')) === 0);
  await early.close();
  for (let at = 1; at < 60; at += 1) await first.append(TOPICS.alerts, [message(String(at))]);
  expect(await first.lag(TOPICS.alerts, 'late')).toBe(10);
  const texts: string[] = [];
  await first.subscribe({
    topic: TOPICS.alerts,
    group: 'late',
    handle: (batch) => Promise.resolve(void texts.push(...textsOf(batch))),
  });
  await eventually('ten', () => texts.length === 10);
  expect(texts).toEqual(Array.from({ length: 10 }, (_, at) => String(50 + at)));
  expect(warnings).toEqual([['stream-messages-expired', { topic: TOPICS.alerts, group: 'late', from: 1, to: 49 }]]);
});

test('offsets go on after a restart, also where every message has expired', async () => {
  const first = openLog({ keep: 0 });
  await first.append(TOPICS.findings, [message('a'), message('b'), message('c')]);
  await first.append(TOPICS.findings, [message('d')]);
  await first.close();
  const second = openLog();
  const offsets: number[] = [];
  await second.subscribe({
    topic: TOPICS.findings,
    group: 'g',
    handle: ({ messages }) => Promise.resolve(void offsets.push(...messages.map(({ offset }) => offset))),
  });
  await second.append(TOPICS.findings, [message('e')]);
  await eventually('one', () => offsets.length > 0);
  expect(offsets).toEqual([4]);
});

test('a batch of large messages stays small enough to hold', async () => {
  const log = openLog();
  const value = Buffer.alloc(1024 * 1024);
  for (let round = 0; round < 4; round += 1) {
    await log.append(
      TOPICS.findings,
      Array.from({ length: 5 }, () => ({ key: 'k', value })),
    );
  }
  const sizes: number[] = [];
  await log.subscribe({
    topic: TOPICS.findings,
    group: 'g',
    handle: ({ messages }) => Promise.resolve(void sizes.push(messages.length)),
  });
  await eventually('twenty', () => sizes.reduce((sum, size) => sum + size, 0) === 20);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(9);
});

test('a reader whose position is beyond a journal that was restored reads it again from the beginning, and says so', async () => {
  const errors: string[] = [];
  const log = openLog({ journal: madeUpJournal(5), log: { ...silentLog, error: (event) => errors.push(event) } });
  const seqs: number[] = [];
  await log.subscribe({
    topic: TOPICS.keyEvents,
    group: 'g',
    position: () => Promise.resolve(900),
    handle: ({ messages }) => Promise.resolve(void seqs.push(...messages.map(({ offset }) => offset))),
  });
  await eventually('five', () => seqs.length === 5);
  expect(seqs).toEqual([1, 2, 3, 4, 5]);
  expect(errors).toEqual(['stream-position-ahead']);
});

test('a journal that cannot be read for a while, or lacks an event, stops its readers and skips nothing', async () => {
  const good = madeUpJournal(3);
  let trouble: 'unreadable' | 'gap' | undefined = 'unreadable';
  const log = openLog({
    journal: {
      head: () => good.head(),
      read(from, limit) {
        if (trouble === 'unreadable') throw new Error('the disk is away');
        return good.read(trouble === 'gap' ? from + 1 : from, limit);
      },
    },
  });
  const seqs: number[] = [];
  await log.subscribe({
    topic: TOPICS.keyEvents,
    group: 'g',
    handle: ({ messages }) => Promise.resolve(void seqs.push(...messages.map(({ offset }) => offset))),
  });
  trouble = 'gap';
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(seqs).toEqual([]);
  trouble = undefined;
  await eventually('three', () => seqs.length === 3);
  expect(seqs).toEqual([1, 2, 3]);
});

test('a second log on the same directory overwrites nothing', async () => {
  const one = openLog();
  const two = openLog();
  await one.append(TOPICS.findings, [message('1'), message('2')]);
  await Promise.all([two.append(TOPICS.findings, [message('3')]), one.append(TOPICS.findings, [message('4')])]);
  const texts: string[] = [];
  await one.subscribe({
    topic: TOPICS.findings,
    group: 'g',
    handle: (batch) => Promise.resolve(void texts.push(...textsOf(batch))),
  });
  await eventually('four', () => texts.length === 4);
  expect(texts.sort()).toEqual(['1', '2', '3', '4']);
});

test('a directory that cannot be used is named', async () => {
  await writeFile(join(path, 'file'), '');
  expect(() => openEmbeddedLog({ path: join(path, 'file'), log: silentLog })).toThrow(
    expect.objectContaining({ code: 'DATA_DIRECTORY_UNUSABLE' }),
  );
});
