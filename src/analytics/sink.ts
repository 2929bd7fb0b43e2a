import { messageOf, OperationalError, type Log } from '../base/index.ts';
import { parseKeyEvent, TOPICS, type KeyEvent } from '../events/index.ts';
import type { Consumer, Item, Rejection } from '../stream/index.ts';
import type { ClickHouse } from './client.ts';
import { recoverBatch } from './recover-batch.ts';
import { monthOf, timeFault, toKeyEventRow } from './rows.ts';
import { sinkBatches, tokenOf, type Intent, type SinkBatches } from './sink-batches.ts';

export interface KeyEventsSinkOptions {
  readonly log: Log;
  /** Rows of one insert at most (default 10,000). */
  readonly maxRows?: number;
  /** Bytes of events in one insert at most (default 16 MiB); one event may exceed it. */
  readonly maxBytes?: number;
  /** How long a partition must be idle until its last batch is marked done (default 5,000 ms). */
  readonly markDoneAfterMs?: number;
}

type Received = Item<KeyEvent>;

/** What is known of a partition. Dropped after every failure and read again: recovery is the only way in. */
interface Standing {
  readonly server: string;
  /** First offset that is not covered. */
  next: number;
  seqSeen: number;
  /** Recorded, perhaps sent, and not known to be whole: goes first, exactly as it was. */
  pending: Intent | undefined;
}

/**
 * Key events into `key_events` and, by its materialized views, the rollups: each event once, whatever is killed when.
 *
 * A batch is fixed by an intent in ClickHouse before it is sent, and its token makes a repeat no effect as long as the server lives;
 * when the server itself died, `recoverBatch` looks at the rows. The position is the last intent: a restart resumes there. An
 * event that comes again at a new offset (a relay that was unsure) is known by its seq, which ascends within a partition.
 *
 * Where a restarted reader delivers less than the pending batch, the part is held in memory until the rest has come. It is then
 * acknowledged before it is stored, which is safe because `position` still points at its beginning.
 */
export function keyEventsSink(client: ClickHouse, options: KeyEventsSinkOptions): Consumer<KeyEvent> {
  const { log, maxRows = 10_000, maxBytes = 16 * 1024 * 1024, markDoneAfterMs = 5_000 } = options;
  const topic = TOPICS.keyEvents;
  const batches = sinkBatches(client, topic);
  const standings = new Map<number, Standing>();
  const held = new Map<number, readonly Received[]>();
  const markLater = idleMarker(batches, log, markDoneAfterMs);

  const standingOf = async (partition: number): Promise<Standing> => {
    const known = standings.get(partition);
    if (known !== undefined) return known;
    const standing = await load(partition);
    standings.set(partition, standing);
    return standing;
  };

  const load = async (partition: number): Promise<Standing> => {
    const server = await batches.serverLife();
    const last = await batches.last(partition);
    if (last === undefined) return { server, next: 0, seqSeen: 0, pending: undefined };
    const { intent, done } = last;
    const behind: Standing = { server, next: intent.lastOffset + 1, seqSeen: intent.lastSeq, pending: undefined };
    if (done) return behind;
    const before: Standing = { server, next: intent.firstOffset, seqSeen: intent.seqBefore, pending: undefined };
    if (intent.server === server) return { ...before, pending: intent };
    if (!(await recoverBatch(client, { topic, partition, intent, server }, log))) return before;
    await batches.markDone(partition, intent);
    return behind;
  };

  const send = async (partition: number, intent: Intent, items: readonly Received[]): Promise<void> => {
    const rows = items.map(({ value, bytes, offset }) => toKeyEventRow(value, bytes, { topic, partition, offset }));
    if (rows.length !== intent.rowCount) {
      const lacks = `offsets ${String(intent.firstOffset)} to ${String(intent.lastOffset)} of partition ${String(partition)}`;
      throw new OperationalError('STREAM_GAP', `The log no longer holds the batch it held before: ${lacks}`);
    }
    await client.insert('key_events', rows, { token: tokenOf(topic, partition, intent) });
  };

  /** Stores what can be stored of the items, in order, and returns what has to wait for the rest of a pending batch. */
  const store = async (partition: number, items: readonly Received[]): Promise<readonly Received[]> => {
    const standing = await standingOf(partition);
    let rest = newItems(items, standing);
    while (rest.length > 0) {
      const intent = standing.pending ?? (await claim(partition, standing, cut(rest, maxRows, maxBytes)));
      if ((items.at(-1)?.offset ?? 0) < intent.lastOffset) {
        standing.pending = intent;
        return rest;
      }
      const batch = rest.filter(({ offset }) => offset <= intent.lastOffset);
      await send(partition, intent, batch);
      standing.pending = undefined;
      standing.next = intent.lastOffset + 1;
      standing.seqSeen = intent.lastSeq;
      markLater(partition, intent);
      rest = rest.slice(batch.length);
    }
    return [];
  };

  const claim = async (partition: number, standing: Standing, batch: readonly Received[]): Promise<Intent> => {
    const [first] = batch;
    const last = batch.at(-1);
    if (first === undefined || last === undefined) throw new Error('Bug: an empty batch');
    const intent = await batches.record(partition, {
      firstOffset: first.offset,
      lastOffset: last.offset,
      seqBefore: standing.seqSeen,
      lastSeq: last.value.seq,
      rowCount: batch.length,
      server: standing.server,
    });
    if (intent !== undefined) return intent;
    const message = `Another sink is ahead in partition ${String(partition)}, or the server was restarted`;
    throw new OperationalError('CLICKHOUSE_UNAVAILABLE', message, { retryable: true });
  };

  return {
    group: 'keyledger-analytics',
    topic,
    parse: parseKeyEvent,
    position: async (partition) => {
      standings.delete(partition);
      held.delete(partition);
      return (await standingOf(partition)).next;
    },
    handle: async ({ partition, items }) => {
      markLater.cancel(partition);
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
      return rejections;
    },
  };
}

/** Without what is covered already: by offset, or by seq where the log repeats an event at a new offset. */
function newItems(items: readonly Received[], { next, seqSeen }: Standing): readonly Received[] {
  let highest = seqSeen;
  return items.filter(({ offset, value: { seq } }) => {
    if (offset < next || seq <= highest) return false;
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

interface IdleMarker {
  (partition: number, intent: Intent): void;
  cancel(partition: number): void;
}

/**
 * Marks a partition's last batch done once nothing followed it. Otherwise a partition idle for so long that its token is forgotten
 * (10,000 inserts of others) would count that batch twice at the next start.
 */
function idleMarker(batches: SinkBatches, log: Log, afterMs: number): IdleMarker {
  const timers = new Map<number, NodeJS.Timeout>();
  const cancel = (partition: number): void => clearTimeout(timers.get(partition));
  const mark = (partition: number, intent: Intent): void => {
    cancel(partition);
    const write = (): void => {
      batches.markDone(partition, intent).catch((error: unknown) => {
        log.warn('sink-mark-failed', { partition, reason: messageOf(error) });
      });
    };
    timers.set(partition, setTimeout(write, afterMs).unref());
  };
  return Object.assign(mark, { cancel });
}
