import type { Parsed, Topic } from '../events/index.ts';

/** One message that was understood. */
export interface Item<T> {
  readonly offset: number;
  readonly value: T;
  readonly bytes: Uint8Array;
}

/** A message that was understood but cannot be true; it goes to the dead letters with this reason. */
export interface Rejection {
  readonly offset: number;
  readonly reason: string;
}

/**
 * A reader of one topic. Each message meets one of three fates: done, dead letter (it is poison: set aside with its reason and
 * never seen again), or outage (`handle` throws: the line stops and the same batch comes again).
 */
export interface Consumer<T> {
  readonly group: string;
  readonly topic: Topic;
  readonly parse: (bytes: Uint8Array) => Parsed<T>;
  /** Resolves when everything in the batch is durable wherever this consumer keeps it. Returns the poison it met. */
  readonly handle: (batch: {
    readonly partition: number;
    readonly items: readonly Item<T>[];
  }) => Promise<readonly Rejection[]>;
  /** The next offset wanted in a partition, where this consumer keeps its position with its data; see `Subscription`. */
  readonly position?: (partition: number) => Promise<number | undefined>;
}
