import { setTimeout as sleep } from 'node:timers/promises';
import { assert, OperationalError, type Log } from '../base/index.ts';
import { parseKeyEvent, TOPICS, type KeyEvent } from '../events/index.ts';
import type { Consumer, Item, Rejection } from '../stream/index.ts';
import type { ClickHouse } from './client.ts';
import { idleMarker } from './idle-marker.ts';
import { isStored, recoverBatch } from './recover-batch.ts';
import { monthOf, timeFault, toKeyEventRow } from './rows.ts';
import { highestSeqElsewhere, withoutStored } from './seq-elsewhere.ts';
import { sinkBatches, tokenOf, type Intent, type Line } from './sink-batches.ts';

export interface KeyEventsSinkOptions {
  readonly log: Log;
  /**
   * Which log this reads, `embedded` unless said otherwise; letters, digits, dots and dashes. Offsets of another log mean something
   * else: under a new name everything is read from its beginning, and what the former log brought is recognised by its seq.
   */
  readonly origin?: string;
  /** Rows of one insert at most (default 10,000). */
  readonly maxRows?: number;
  /** Bytes of events in one insert at most (default 16 MiB); one event may exceed it. */
  readonly maxBytes?: number;
  /**
   * A batch of less than 1,000 events takes at least this long (default 100 ms), so that more gather for the next: a batch
   * costs ClickHouse some 45 ms of a core however small it is.
   */
  readonly paceMs?: number;
  /** How long a partition must be idle until its last batch is marked done (default 5,000 ms). */
  readonly markDoneAfterMs?: number;
}

const SMALL_BATCH = 1_000;

type Received = Item<KeyEvent>;

/** What is known of a partition. Dropped after every failure and read again: recovery is the only way in. */
interface Standing {
  readonly line: Line;
  readonly server: string;
  /** Highest seq that other logs have brought. */
  readonly elsewhere: number;
  /** Where reading resumes. */
  readonly position: number;
  /** Everything up to here is covered. */
  seqSeen: number;
  /** Recorded, perhaps sent, and not known to be whole: goes first, exactly as it was. */
  pending: Intent | undefined;
}

/**
 * Key events into `key_events` and, by its materialized views, the rollups: each event once, whatever is killed when.
 *
 * An event is known by its seq, which ascends within a partition: what is not higher than everything before is a repeat, at
 * whatever offset. A batch is fixed by an intent in ClickHouse before it is sent, and its token makes a repeat no effect as long as
 * the server lives; when the server itself died, `recoverBatch` looks at the rows. The position is that of the last intent.
 *
 * Where a restarted reader delivers less than the pending batch, the part is held in memory until the rest has come. It is then
 * acknowledged before it is stored, which is safe because `position` still points at its beginning.
 */
export function keyEventsSink(client: ClickHouse, options: KeyEventsSinkOptions): Consumer<KeyEvent> {
  const { log, origin = 'embedded', maxRows = 10_000, maxBytes = 16 * 1024 * 1024 } = options;
  const { paceMs = 100, markDoneAfterMs = 5_000 } = options;
  assert(/^[\w.-]+$/.test(origin), 'an origin is letters, digits, dots and dashes');
  const topic = TOPICS.keyEvents;
  const batches = sinkBatches(client);
  const standings = new Map<number, Standing>();
  const held = new Map<number, readonly Received[]>();
  const marker = idleMarker(batches, log, markDoneAfterMs);

  const standingOf = async (partition: number): Promise<Standing> => {
    const known = standings.get(partition);
    if (known !== undefined) return known;
    const standing = await load({ origin, topic, partition });
    standings.set(partition, standing);
    return standing;
  };

  const load = async (line: Line): Promise<Standing> => {
    const server = await batches.serverLife();
    const elsewhere = await highestSeqElsewhere(client, origin);
    const known = { line, server, elsewhere };
    const last = await batches.last(line);
    if (last === undefined) return { ...known, position: 0, seqSeen: 0, pending: undefined };
    const { intent, done } = last;
    const behind = { ...known, position: intent.lastOffset + 1, seqSeen: intent.lastSeq, pending: undefined };
    if (done) return behind;
    const before = { ...known, position: intent.firstOffset, seqSeen: intent.seqBefore, pending: undefined };
    if (intent.server === server) return { ...before, pending: intent };
    if (!(await recoverBatch(client, { line, intent, server }, log))) return before;
    await batches.markDone(line, intent);
    return behind;
  };

  const send = async (line: Line, intent: Intent, items: readonly Received[]): Promise<void> => {
    if (items.length === intent.rowCount) {
      const rows = items.map(({ value, bytes, offset }) => toKeyEventRow(value, bytes, { ...line, offset }));
      return client.insert('key_events', rows, { token: tokenOf(line, intent) });
    }
    // The log was cut or made anew and cannot repeat the batch. That is well if it had arrived.
    if (await isStored(client, line, intent)) return;
    const lacks = `seq ${intent.seqBefore + 1} to ${intent.lastSeq} of partition ${line.partition}`;
    throw new OperationalError('STREAM_GAP', `The log no longer holds the batch it held before: ${lacks}`);
  };

  const claim = async (standing: Standing, batch: readonly Received[]): Promise<Intent> => {
    const { line, server, seqSeen } = standing;
    const [first] = batch;
    const last = batch.at(-1);
    assert(first && last, 'a batch has rows');
    const intent = await batches.record(line, {
      seqBefore: seqSeen,
      lastSeq: last.value.seq,
      rowCount: batch.length,
      firstOffset: first.offset,
      lastOffset: last.offset,
      server,
    });
    if (intent !== undefined) return intent;
    const message = `Another sink is ahead in partition ${line.partition}, or the server was restarted`;
    throw new OperationalError('CLICKHOUSE_UNAVAILABLE', message, { retryable: true });
  };

  /** Stores what can be stored of the items, in order, and returns what has to wait for the rest of a pending batch. */
  const store = async (partition: number, items: readonly Received[]): Promise<readonly Received[]> => {
    const standing = await standingOf(partition);
    const { line, elsewhere } = standing;
    let rest = await withoutStored(client, origin, elsewhere, ascending(items, standing.seqSeen));
    for (;;) {
      const highest = rest.at(-1)?.value.seq;
      if (highest === undefined) return [];
      const intent = (standing.pending ??= await claim(standing, cut(rest, maxRows, maxBytes)));
      if (highest < intent.lastSeq) return rest;
      const batch = rest.filter(({ value }) => value.seq <= intent.lastSeq);
      await send(line, intent, batch);
      standing.pending = undefined;
      standing.seqSeen = intent.lastSeq;
      marker.finished(line, intent);
      rest = rest.slice(batch.length);
    }
  };

  return {
    group: 'keyledger-analytics',
    topic,
    parse: parseKeyEvent,
    position: async (partition) => {
      standings.delete(partition);
      held.delete(partition);
      return (await standingOf(partition)).position;
    },
    handle: async ({ partition, items }) => {
      marker.busy(partition);
      const startedMs = performance.now();
      const rejections: Rejection[] = [];
      const good: Received[] = [];
      for (const item of items) {
        const reason = timeFault(item.value.time);
        if (reason === undefined) good.push(item);
        else rejections.push({ offset: item.offset, reason });
      }
      try {
        held.set(partition, await store(partition, [...(held.get(partition) ?? []), ...good]));
      } catch (error) {
        standings.delete(partition);
        throw error;
      }
      const early = paceMs - (performance.now() - startedMs);
      if (items.length < SMALL_BATCH && early > 0) await sleep(early);
      return rejections;
    },
  };
}

/** Without repeats: what is not higher than everything before it. */
function ascending(items: readonly Received[], seqSeen: number): readonly Received[] {
  let highest = seqSeen;
  return items.filter(({ value: { seq } }) => {
    if (seq <= highest) return false;
    highest = seq;
    return true;
  });
}

/** The longest beginning that may be one insert: within one calendar month, so that it is one part in every table. */
function cut(items: readonly Received[], maxRows: number, maxBytes: number): readonly Received[] {
  const month = monthOf(items[0]?.value.time ?? '');
  let bytes = 0;
  const end = items.findIndex((item, at) => {
    bytes += item.bytes.length;
    return at > 0 && (at >= maxRows || bytes > maxBytes || monthOf(item.value.time) !== month);
  });
  return end === -1 ? items : items.slice(0, end);
}
