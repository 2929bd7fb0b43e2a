import { setMaxListeners } from 'node:events';
import type { Message as KafkaMessage, Producer } from 'kafkajs';
import { OperationalError, type Closeable } from '../base/index.ts';
import type { Topic } from '../events/index.ts';
import { backoffMs, settlesWithin, sleep } from './backoff.ts';
import type { Message } from './event-log.ts';
import {
  GOODBYE_MS,
  REQUEST_TIMEOUT_MS,
  RETRY,
  topicName,
  type KafkaClient,
  type KafkaLogOptions,
} from './kafka-client.ts';
import { isRefusal, isUnreachable, toOperational } from './kafka-errors.ts';
import { PartitionLine } from './kafka-line.ts';
import { partitionOf } from './kafka-partition.ts';
import type { KafkaTopics } from './kafka-topics.ts';

const APPEND_TIMEOUT_MS = 30_000;
const BETWEEN_ATTEMPTS = { baseMs: 50, capMs: 2000 };
/** Acknowledged by every replica in sync. */
const ACKS_ALL = -1;

export interface KafkaAppender extends Closeable {
  append(topic: Topic, messages: readonly Message[]): Promise<void>;
}

/**
 * Appends to Kafka. kafkajs's idempotent producer is not used: it reuses a sequence number after a lost response, and the
 * broker then acknowledges what it throws away. Instead one send is in flight per partition, the identical batch is sent until
 * it is acknowledged, and readers drop repeats by `seq`.
 */
export function openKafkaAppender(
  { kafka, compression }: KafkaClient,
  topics: KafkaTopics,
  options: KafkaLogOptions,
): KafkaAppender {
  const { log, appendTimeoutMs = APPEND_TIMEOUT_MS } = options;
  const lines = new Map<string, PartitionLine>();
  const closing = new AbortController();
  // As many lines as partitions may be waiting for it.
  setMaxListeners(0, closing.signal);
  let connection: Promise<Producer> | undefined;

  async function connect(): Promise<Producer> {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      retry: { ...RETRY, retries: 2 },
      // The partition is chosen in `share`, once, so that a repeat goes where the first attempt went.
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    await producer.connect();
    return producer;
  }

  function reconnect(stale: Promise<Producer>): void {
    // Every partition's line meets the same trouble; the first of them sees to it.
    if (connection !== stale) return;
    connection = undefined;
    void stale.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  async function attempt(topic: string, messages: readonly KafkaMessage[]): Promise<void> {
    const mine = (connection ??= connect());
    try {
      const producer = await mine;
      await producer.send({
        topic,
        acks: ACKS_ALL,
        timeout: REQUEST_TIMEOUT_MS,
        messages: [...messages],
        compression,
      });
    } catch (error) {
      if (isUnreachable(error) || (await isRejected(mine))) reconnect(mine);
      throw error;
    }
  }

  /** The identical attempt until it succeeds, is refused, or the time is over. */
  async function persist(doing: string, work: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + appendTimeoutMs;
    for (let failures = 0; ; failures += 1) {
      try {
        await work();
        if (failures > 0) log.info('kafka-append-recovered', { topic: doing, failures });
        return;
      } catch (error) {
        const hopeless = isRefusal(error) || closing.signal.aborted || performance.now() > deadline;
        if (hopeless) throw toOperational(error, doing);
        if (failures === 0)
          log.warn('kafka-append-retrying', { topic: doing, reason: toOperational(error, doing).message });
        await sleep(backoffMs(failures, BETWEEN_ATTEMPTS), closing.signal);
      }
    }
  }

  function lineOf(topic: string, partition: number): PartitionLine {
    const name = `${topic}/${partition}`;
    const line = lines.get(name) ?? new PartitionLine((batch) => persist(name, () => attempt(topic, batch)));
    lines.set(name, line);
    return line;
  }

  return {
    async append(topic, messages) {
      if (messages.length === 0) return;
      let partitions = 0;
      await persist(topic, async () => {
        partitions = await topics.partitions(topic);
      });
      const shares = share(messages, partitions);
      const appends = [...shares].map(([partition, own]) => lineOf(topicName(options, topic), partition).append(own));
      // All of them settle before this does, so that nothing of a rejected append is still on its way behind the caller's back.
      const outcomes = await Promise.allSettled(appends);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw toOperational(outcome.reason, topic);
    },
    async close() {
      closing.abort();
      const closed = new OperationalError('KAFKA_UNAVAILABLE', 'the log was closed', { retryable: true });
      await settlesWithin(GOODBYE_MS, Promise.all([...lines.values()].map((line) => line.abandon(closed))));
      const last = connection;
      connection = undefined;
      if (last !== undefined)
        await settlesWithin(
          GOODBYE_MS,
          last.then((producer) => producer.disconnect()),
        );
    },
  };
}

const isRejected = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => false,
    () => true,
  );

/** The messages by partition, in their order. Without timestamps: kafkajs gives a batch one of its own, but sorts those it is given. */
function share(messages: readonly Message[], partitions: number): Map<number, KafkaMessage[]> {
  const shares = new Map<number, KafkaMessage[]>();
  for (const { key, value, headers } of messages) {
    const keyBytes = Buffer.from(key);
    const partition = partitionOf(keyBytes, partitions);
    const message: KafkaMessage = {
      partition,
      key: keyBytes,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    };
    const own = shares.get(partition);
    if (own === undefined) shares.set(partition, [message]);
    else own.push(message);
  }
  return shares;
}
