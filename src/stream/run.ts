import { assert, messageOf, systemClock, type Clock, type Closeable, type Log } from '../base/index.ts';
import { TOPICS, type Parsed } from '../events/index.ts';
import type { Consumer, Item } from './consumer.ts';
import { encodeDeadLetter, toDeadLetter, type Poison } from './dead-letter.ts';
import type { Batch, EventLog, Message } from './event-log.ts';

/** Sets poison aside; resolves when it is durable. */
export type SetAside = (poison: readonly Poison[]) => Promise<void>;

export interface ConsumerCounts {
  /** Messages that met their fate, dead letters included. */
  readonly messages: number;
  readonly deadLetters: number;
  /** Times a batch came back because `handle` or the dead letters failed. */
  readonly outages: number;
  /** Highest offset finished, by partition. */
  readonly offsets: ReadonlyMap<number, number>;
}

export interface RunningConsumer extends Closeable {
  counts(): ConsumerCounts;
}

export interface RunOptions<T> {
  readonly log: EventLog;
  readonly consumer: Consumer<T>;
  readonly logger: Log;
  /** Where poison goes; the log's own `keyledger.dead-letter` unless told otherwise. */
  readonly deadLetter?: SetAside;
  readonly maxBatch?: number;
}

/** Dead letters in a log, keyed by the topic they came from. */
export function deadLettersIn(log: EventLog, clock: Clock = systemClock): SetAside {
  return async (poison) => {
    const letters = poison.map((one): Message => {
      return { key: one.topic, value: encodeDeadLetter(toDeadLetter(one, clock.nowUs())) };
    });
    await log.append(TOPICS.deadLetter, letters);
  };
}

/**
 * Runs a consumer. Each message meets one of its three fates, and a batch is acknowledged when all of it has: first the consumer
 * is done with what could be read, then the poison is durable among the dead letters. Anything that throws is an outage: the
 * line stops and the same batch comes again.
 */
export async function runConsumer<T>(options: RunOptions<T>): Promise<RunningConsumer> {
  const { log, consumer, logger, deadLetter = deadLettersIn(log), maxBatch } = options;
  const { topic, group, position } = consumer;
  const counts = { messages: 0, deadLetters: 0, outages: 0, offsets: new Map<number, number>() };

  const meetFates = async ({ partition, messages }: Batch): Promise<void> => {
    const items: Item<T>[] = [];
    const poison: Poison[] = [];
    const bytesAt = new Map<number, Uint8Array>();
    for (const { offset, value: bytes } of messages) {
      const parsed = tryParse(consumer, bytes, logger);
      if (parsed.ok) items.push({ offset, value: parsed.value, bytes });
      else poison.push({ topic, group, partition, offset, reason: parsed.reason, bytes });
      bytesAt.set(offset, bytes);
    }
    const rejections = items.length === 0 ? [] : await consumer.handle({ partition, items });
    for (const { offset, reason } of rejections) {
      const bytes = bytesAt.get(offset);
      assert(bytes, `${group} rejected offset ${offset}, which it was not given`);
      poison.push({ topic, group, partition, offset, reason, bytes });
    }
    if (poison.length > 0) {
      await deadLetter(poison);
      for (const { offset, reason } of poison) logger.warn('dead-letter', { topic, group, partition, offset, reason });
    }
    counts.messages += messages.length;
    counts.deadLetters += poison.length;
    const last = messages.at(-1);
    if (last !== undefined) counts.offsets.set(partition, last.offset);
  };

  const running = await log.subscribe({
    topic,
    group,
    async handle(batch) {
      try {
        await meetFates(batch);
      } catch (error) {
        counts.outages += 1;
        if (counts.outages === 1) logger.warn('consumer-outage', { topic, group, reason: messageOf(error) });
        throw error;
      }
    },
    ...(position === undefined ? {} : { position: (partition) => position.call(consumer, partition) }),
    ...(maxBatch === undefined ? {} : { maxBatch }),
  });
  return { counts: () => counts, close: () => running.close() };
}

/** A parser that throws has a bug, but whoever wrote the message must not be able to stop the line with it. */
function tryParse<T>(consumer: Consumer<T>, bytes: Uint8Array, logger: Log): Parsed<T> {
  try {
    return consumer.parse(bytes);
  } catch (error) {
    logger.error('parser-failed', { group: consumer.group, reason: messageOf(error) });
    return { ok: false, reason: 'the parser failed' };
  }
}
