import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { messageOf, type Log } from '../base/index.ts';
import { backoffMs, sleep } from './backoff.ts';
import { DEFAULT_MAX_BATCH, askPosition, deliver } from './deliver.ts';
import type { Delivered, Subscription } from './event-log.ts';
import { isGroupChange } from './kafka-errors.ts';

const COMMIT_ATTEMPTS = 10;
/** kafkajs sends a heartbeat only where its interval has passed; this is how often it is reminded. */
const HEARTBEAT_REMINDER_MS = 1000;
const NOTHING = new Uint8Array();

/** One subscription's member of a consumer group, for as long as one kafkajs consumer lives. */
export interface Membership {
  readonly consumer: Consumer;
  /** The topic's name in the cluster. */
  readonly name: string;
  readonly to: Subscription;
  readonly log: Log;
  /** Aborts when the subscription closes or this consumer is given up. */
  readonly ended: AbortSignal;
}

/**
 * Handles what one fetch brought for one partition, in batches of the subscription's size. While a handler works or its outage
 * lasts, heartbeats go on and the member keeps its place. Acknowledged only after `handle`: a crash above the commit repeats the
 * batch; below it nothing is owed.
 */
export async function handleFetch(member: Membership, payload: EachBatchPayload): Promise<void> {
  const { to, log, ended } = member;
  const { batch } = payload;
  const limit = to.maxBatch ?? DEFAULT_MAX_BATCH;
  const pulse = startPulse(payload, ended);
  try {
    for (let at = 0; at < batch.messages.length; at += limit) {
      // A seek has made the rest of this fetch irrelevant.
      if (pulse.signal.aborted || payload.isStale()) break;
      const messages = batch.messages.slice(at, at + limit).map(toDelivered);
      const last = messages.at(-1);
      if (last === undefined) break;
      const taken = await deliver({ topic: to.topic, partition: batch.partition, messages }, to, log, pulse.signal);
      if (!taken) break;
      payload.resolveOffset(String(last.offset));
      await commit(member, payload, last.offset + 1);
    }
  } finally {
    pulse.stop();
  }
  // The group is being shared out anew: kafkajs joins again when it sees this.
  if (pulse.signal.aborted && !ended.aborted) throw pulse.signal.reason;
}

/** Through the payload, not the consumer: that one commits nothing any more once it is stopping. */
async function commit({ name, ended }: Membership, payload: EachBatchPayload, next: number): Promise<void> {
  const offsets = {
    topics: [{ topic: name, partitions: [{ partition: payload.batch.partition, offset: String(next) }] }],
  };
  for (let failures = 0; ; failures += 1) {
    try {
      await payload.commitOffsetsIfNecessary(offsets);
      return;
    } catch (error) {
      if (ended.aborted || isGroupChange(error) || failures >= COMMIT_ATTEMPTS) throw error;
      await sleep(backoffMs(failures), ended);
    }
  }
}

interface Pulse {
  /** Aborts with the membership, or, with kafkajs's error for its reason, when the group is being shared out anew. */
  readonly signal: AbortSignal;
  stop(): void;
}

function startPulse(payload: EachBatchPayload, ended: AbortSignal): Pulse {
  const pulse = new AbortController();
  const end = (): void => pulse.abort(ended.reason);
  // By hand: AbortSignal.any would leave something behind on `ended` for every fetch.
  if (ended.aborted) end();
  else ended.addEventListener('abort', end);
  const timer = setInterval(() => {
    // Anything but a change of the group is the broker being away: the place is kept if it returns in time.
    payload.heartbeat().catch((error: unknown) => {
      if (isGroupChange(error)) pulse.abort(error);
    });
  }, HEARTBEAT_REMINDER_MS);
  return {
    signal: pulse.signal,
    stop() {
      clearInterval(timer);
      ended.removeEventListener('abort', end);
    },
  };
}

/**
 * Makes a consumer begin where its subscription wants. Nothing is fetched before the answer is there: the pause happens inside
 * kafkajs's own announcement of the assignment, before its first fetch.
 */
export function honourPositions({ consumer, name, to, log, ended }: Membership): void {
  if (to.position === undefined) return;
  let assignment = new AbortController();
  consumer.on('consumer.group_join', ({ payload }) => {
    assignment.abort();
    assignment = new AbortController();
    const signal = AbortSignal.any([ended, assignment.signal]);
    for (const partition of payload.memberAssignment[name] ?? []) {
      consumer.pause([{ topic: name, partitions: [partition] }]);
      void askPosition(partition, to, log, signal)
        .then((answer) => {
          if (answer === 'ended') return;
          if (answer.next !== undefined) consumer.seek({ topic: name, partition, offset: String(answer.next) });
          consumer.resume([{ topic: name, partitions: [partition] }]);
        })
        // The consumer ended between the answer and the seek; the next one asks again.
        .catch((error: unknown) =>
          log.info('kafka-seek-too-late', { topic: name, partition, reason: messageOf(error) }),
        );
    }
  });
}

function toDelivered({ offset, key, value, headers }: KafkaMessage): Delivered {
  const delivered = { offset: Number(offset), key: key?.toString() ?? '', value: value ?? NOTHING };
  if (headers === undefined) return delivered;
  const texts: Record<string, string> = {};
  let some = false;
  for (const name in headers) {
    const header = headers[name];
    if (header === undefined) continue;
    texts[name] = String(Array.isArray(header) ? header.at(-1) : header);
    some = true;
  }
  return some ? { ...delivered, headers: texts } : delivered;
}
