import type { Closeable } from '../base/index.ts';
import type { Topic } from '../events/index.ts';

/** A message as it is appended. `key` chooses the partition: equal keys keep their order. */
export interface Message {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message as it is delivered. Identity is in the value (`seq`, `id`); `offset` is only a position. */
export interface Delivered extends Message {
  readonly offset: number;
}

/** A run of messages of one partition, offsets ascending but not always contiguous. Never empty. */
export interface Batch {
  readonly topic: Topic;
  readonly partition: number;
  readonly messages: readonly Delivered[];
}

export interface Subscription {
  readonly topic: Topic;
  /** Members of one group share the partitions of the topic. The same name on another topic is another group. */
  readonly group: string;
  /**
   * Delivers at least once: the group's checkpoint moves when this resolves; when it rejects the same batch, with the same
   * bounds, comes again after a pause, and nothing else does meanwhile. Another member, or this one after a restart, may cut
   * the same messages into other batches. Never runs twice at a time for one subscription.
   */
  readonly handle: (batch: Batch) => Promise<void>;
  /**
   * The next offset wanted in a partition, for a consumer that keeps its own position with its data. Asked on every
   * assignment, again while it rejects; overrides the group's checkpoint, which moves all the same and so tells the lag.
   * Undefined means the checkpoint, or the beginning where there is none.
   */
  readonly position?: (partition: number) => Promise<number | undefined>;
  /** At most this many messages a batch (default 1,000). */
  readonly maxBatch?: number;
}

/**
 * An append-only log of topics, ordered within a key. `append` resolves once every message is durable; if it rejects, any of
 * them may have been written, and a reader knows a repeat by its identity. Whoever wants order appends one batch after the
 * other, and after a rejection the same batch again before the next.
 *
 * @throws OperationalError from `append` and `lag`, retryable while the broker or the disk may come back.
 */
export interface EventLog extends Closeable {
  append(topic: Topic, messages: readonly Message[]): Promise<void>;
  /** Resolves without waiting for an outage to end. Closing the subscription waits for the running `handle`. */
  subscribe(subscription: Subscription): Promise<Closeable>;
  /** Messages a group has not yet finished, over all partitions: its lag. */
  lag(topic: Topic, group: string): Promise<number>;
}

/** What the journal looks like to its readers; the journal room supplies it. */
export interface JournalReader {
  /** Highest committed sequence number; 0 for an empty journal. */
  head(): number;
  /** Events from `from` on, ascending and without gaps, at most `limit`. The value is the event's canonical bytes. */
  read(from: number, limit: number): readonly { readonly seq: number; readonly bytes: Uint8Array }[];
}
