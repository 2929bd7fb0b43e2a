import { expect, test } from 'vitest';
import { OperationalError, silentLog } from '../../../src/base/index.ts';
import { TOPICS, type Topic } from '../../../src/events/index.ts';
import { createMemoryStore, openMemoryLog, startRelay, type JournalReader } from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';
import { madeUpJournal, seqOf } from '../../support/made-up-journal.ts';

function given(head: number, saved = 0) {
  const store = createMemoryStore();
  const position = { saved };
  const checkpoint = {
    load: () => Promise.resolve(position.saved),
    save: (seq: number) => Promise.resolve(void (position.saved = seq)),
  };
  const seqs = (topic: Topic): number[] => (store.messages.get(topic) ?? []).map(({ value }) => seqOf(value));
  return { journal: madeUpJournal(head), log: openMemoryLog({ store }), checkpoint, position, seqs, logger: silentLog };
}

const upTo = (head: number): number[] => Array.from({ length: head }, (_, at) => at + 1);

test('publishes the journal in order, then what is appended to it, and tells its backlog', async () => {
  const { seqs, journal, position, ...rest } = given(250);
  const relay = await startRelay({ journal, maxBatch: 100, ...rest });
  await eventually('250', () => relay.backlog() === 0);
  journal.grow(260);
  expect(relay.backlog()).toBe(10);
  await eventually('260', () => relay.backlog() === 0);
  await relay.close();
  expect(seqs(TOPICS.keyEvents)).toEqual(upTo(260));
  expect(seqs(TOPICS.eventsByPrincipal)).toEqual(upTo(260));
  expect(position.saved).toBe(260);
});

test.each(['before', 'after'] as const)(
  'an append that fails %s it keeps is made again, and nothing is lost',
  async (when) => {
    const { seqs, journal, log, ...rest } = given(30);
    log.failAppend(when, 3);
    const relay = await startRelay({ journal, log, maxBatch: 10, ...rest });
    await eventually('30', () => relay.backlog() === 0);
    await relay.close();
    const published = seqs(TOPICS.keyEvents);
    expect([...new Set(published)].sort((a, b) => a - b)).toEqual(upTo(30));
    // Whatever is repeated, first sight of every event is in order.
    expect([...new Set(published)]).toEqual(upTo(30));
  },
);

test('a crash between the acknowledgement and the checkpoint repeats that batch and no other', async () => {
  const { seqs, journal, checkpoint, position, ...rest } = given(30);
  let crashed = false;
  const crashing = {
    load: checkpoint.load,
    save: (seq: number) => (seq <= 10 ? checkpoint.save(seq) : ((crashed = true), new Promise<void>(() => undefined))),
  };
  const before = await startRelay({ journal, checkpoint: crashing, maxBatch: 10, ...rest });
  await eventually('the crash', () => crashed);
  expect(before.position()).toBe(10);
  const after = await startRelay({ journal, checkpoint, maxBatch: 10, ...rest });
  await eventually('all', () => after.backlog() === 0);
  await after.close();
  expect(seqs(TOPICS.keyEvents)).toEqual([...upTo(20), ...upTo(30).slice(10)]);
  expect(position.saved).toBe(30);
});

test('a relay that has published more than the journal holds refuses to start: the journal was rolled back', async () => {
  const { journal, log, checkpoint, logger } = given(10, 11);
  await expect(startRelay({ journal, log, checkpoint, logger })).rejects.toMatchObject({
    code: 'RELAY_AHEAD_OF_JOURNAL',
  });
});

test('an event that is missing in the journal stops the relay rather than being left out', async () => {
  const { log, checkpoint, seqs } = given(0);
  const journal: JournalReader = { head: () => 9, read: () => [{ seq: 3, bytes: Buffer.from('{}') }] };
  const errors: unknown[] = [];
  const logger = {
    ...silentLog,
    error: (_: string, fields?: Readonly<Record<string, unknown>>) => errors.push(fields?.['code']),
  };
  const relay = await startRelay({ journal, log, checkpoint, logger });
  await eventually('an error', () => errors.length > 0);
  await relay.close();
  expect(errors[0]).toBe('STREAM_GAP');
  expect(seqs(TOPICS.keyEvents)).toEqual([]);
  expect(relay.backlog()).toBe(9);
});

test('a checkpoint that cannot be saved is an outage, and is tried again', async () => {
  const { journal, checkpoint, ...rest } = given(5);
  let failures = 2;
  const failing = {
    load: checkpoint.load,
    save: (seq: number) =>
      failures-- > 0 ? Promise.reject(new OperationalError('DATA_DIRECTORY_UNUSABLE', 'full')) : checkpoint.save(seq),
  };
  const relay = await startRelay({ journal, checkpoint: failing, ...rest });
  await eventually('saved', () => relay.backlog() === 0);
  await relay.close();
});
