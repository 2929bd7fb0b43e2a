import { OperationalError } from '../base/index.ts';

/**
 * Tells new events from repeats by their `seq`. A partition of Kafka sees an ascending subsequence of the journal, so anything
 * not above the last is a repeat and a gap cannot be told; the embedded log sees every seq, so a jump is a gap.
 *
 * Looking and taking are two steps, because a batch whose handling failed comes again and must then still be new.
 */
export class SeqTracker {
  readonly #contiguous: boolean;
  readonly #last: Map<number, number>;

  /** @param last the highest seq taken by partition, as {@link last} gave it: what a snapshot restores */
  constructor({ contiguous, last = [] }: { contiguous: boolean; last?: Iterable<readonly [number, number]> }) {
    this.#contiguous = contiguous;
    this.#last = new Map(last);
  }

  /**
   * What of a batch is new, in its order. Takes nothing. The first seq of a partition is always new: a reader may begin anywhere.
   *
   * @throws OperationalError STREAM_GAP, retryable: the line stops until the missing events are there
   */
  fresh<I>(partition: number, items: readonly I[], seqOf: (item: I) => number): I[] {
    let last = this.#last.get(partition);
    return items.filter((item) => {
      const seq = seqOf(item);
      if (last !== undefined) {
        if (seq <= last) return false;
        if (this.#contiguous && seq > last + 1) {
          throw new OperationalError('STREAM_GAP', `partition ${partition}: ${seq} after ${last}`, { retryable: true });
        }
      }
      last = seq;
      return true;
    });
  }

  /** Everything up to `seq` is durable with its reader: from now on it is a repeat. */
  take(partition: number, seq: number): void {
    this.#last.set(partition, Math.max(seq, this.#last.get(partition) ?? seq));
  }

  /** The highest seq taken, by partition. */
  last(): ReadonlyMap<number, number> {
    return new Map(this.#last);
  }
}
