import { OperationalError, messageOf, type Closeable, type Log } from '../base/index.ts';
import { TOPICS } from '../events/index.ts';
import { backoffMs, settlesWithin, sleep } from './backoff.ts';
import type { Checkpoint } from './checkpoint.ts';
import { eventKeys, type EventKeys } from './event-keys.ts';
import type { EventLog, JournalReader, Message } from './event-log.ts';

/** How long a close waits for the batch that is on its way. */
const DRAIN_MS = 5000;

export interface RelayOptions {
  readonly journal: JournalReader;
  readonly log: EventLog;
  readonly checkpoint: Checkpoint;
  readonly logger: Log;
  readonly keyOf?: (event: Uint8Array) => EventKeys;
  /** Events per batch, and so the most that a crash repeats (default 2,000). */
  readonly maxBatch?: number;
  /** How often to look for new events once all are published, in milliseconds (default 25). */
  readonly pollMs?: number;
}

export interface Relay extends Closeable {
  /** Committed events that are not yet acknowledged by the log. */
  backlog(): number;
  /** The last event that is published for certain. */
  position(): number;
}

/**
 * Publishes the journal, in order: every event by its key and again by its principal, with `seq` in the headers. The position is
 * saved after the log has acknowledged, so a crash repeats at most the last batch; while the log is away one batch waits and the
 * journal holds the rest. Nothing is ever dropped.
 *
 * @throws OperationalError RELAY_AHEAD_OF_JOURNAL, and what `checkpoint.load` throws
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { journal, checkpoint } = options;
  let position = await checkpoint.load();
  const head = journal.head();
  if (position > head) {
    throw new OperationalError('RELAY_AHEAD_OF_JOURNAL', `published to ${position}, but the journal ends at ${head}`);
  }
  const closing = new AbortController();
  const running = publishAll(options, position, closing.signal, (published) => {
    position = published;
  });
  let closed: Promise<void> | undefined;
  return {
    backlog: () => Math.max(0, journal.head() - position),
    position: () => position,
    close() {
      closing.abort();
      closed ??= settlesWithin(DRAIN_MS, running).then(() => undefined);
      return closed;
    },
  };
}

async function publishAll(
  options: RelayOptions,
  start: number,
  signal: AbortSignal,
  published: (seq: number) => void,
): Promise<void> {
  const { checkpoint, logger, pollMs = 25 } = options;
  let position = start;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const last = await publishNext(options, position);
      if (last === undefined) {
        await sleep(pollMs, signal);
        continue;
      }
      // A crash before this line publishes the batch again; readers know it by its seq.
      await checkpoint.save(last);
      published((position = last));
      if (failures > 0) logger.info('relay-recovered', { position, failures });
      failures = 0;
    } catch (error) {
      const code = error instanceof OperationalError ? error.code : undefined;
      const retryable = error instanceof OperationalError && error.retryable;
      logger[retryable ? 'warn' : 'error']('relay-waiting', { position, failures, code, reason: messageOf(error) });
      await sleep(backoffMs(failures), signal);
      failures += 1;
    }
  }
}

/** The next batch, acknowledged; its last seq, or undefined where there is none. The same batch again after a rejection, or a longer one. */
async function publishNext(options: RelayOptions, position: number): Promise<number | undefined> {
  const { journal, log, keyOf = eventKeys, maxBatch = 2000 } = options;
  const events = journal.read(position + 1, maxBatch);
  const first = events[0]?.seq;
  if (first === undefined) return undefined;
  if (first !== position + 1) {
    throw new OperationalError('STREAM_GAP', `the journal has ${first} where ${position + 1} was wanted`);
  }
  const byKey: Message[] = [];
  const byPrincipal: Message[] = [];
  for (const { seq, bytes } of events) {
    const { key, principal } = keyOf(bytes);
    const headers = { seq: String(seq) };
    byKey.push({ key, value: bytes, headers });
    byPrincipal.push({ key: principal, value: bytes, headers });
  }
  // Both settle before either's failure is met, so that a repeat never overtakes what it repeats.
  const outcomes = await Promise.allSettled([
    log.append(TOPICS.keyEvents, byKey),
    log.append(TOPICS.eventsByPrincipal, byPrincipal),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return position + events.length;
}
