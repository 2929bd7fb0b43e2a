import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import { OperationalError, type Closeable } from '../base/index.ts';
import { TOPICS, type Topic } from '../events/index.ts';
import { settlesWithin } from './backoff.ts';
import { GOODBYE_MS, groupId, topicName, type KafkaLogOptions } from './kafka-client.ts';
import { isSettling, isTopicExists, toOperational } from './kafka-errors.ts';

/** Dead letters carry a whole message in base64, so they may be larger than what they are made of. */
const DEAD_LETTER_MAX_BYTES = 2 * 1024 * 1024;

/** kafkajs asks an administrator's questions once; a topic's leaders may take a moment to be known. */
const SETTLING_ATTEMPTS = 20;
const SETTLING_PAUSE_MS = 100;

/** What the adapter asks the cluster about its topics and groups. */
export interface KafkaTopics extends Closeable {
  /** Partitions of a topic; creates every missing topic the first time. */
  partitions(topic: Topic): Promise<number>;
  lag(topic: Topic, group: string): Promise<number>;
}

/** Names and settings of the topics to create. */
function wanted(options: KafkaLogOptions): ITopicConfig[] {
  const settings: Partial<Record<Topic, Record<string, string>>> = {
    // One row per key, the latest: what a new reader needs to know every key.
    [TOPICS.keyState]: { 'cleanup.policy': 'compact' },
    [TOPICS.deadLetter]: { 'max.message.bytes': String(DEAD_LETTER_MAX_BYTES) },
  };
  return Object.values(TOPICS).map((topic) => ({
    topic: topicName(options, topic),
    numPartitions: options.partitions ?? 6,
    replicationFactor: options.replicationFactor ?? -1,
    configEntries: Object.entries(settings[topic] ?? {}).map(([name, value]) => ({ name, value })),
  }));
}

export function openKafkaTopics(kafka: Kafka, options: KafkaLogOptions): KafkaTopics {
  const name = (topic: Topic): string => topicName(options, topic);
  let connection: Promise<Admin> | undefined;
  let counts: Promise<ReadonlyMap<string, number>> | undefined;

  /** One connection, kept while it works; a failed call leaves it, so that the next makes a new one. */
  async function ask<T>(doing: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    const mine = (connection ??= connect());
    try {
      const admin = await mine;
      for (let failures = 0; ; failures += 1) {
        try {
          return await question(admin);
        } catch (error) {
          if (!isSettling(error) || failures >= SETTLING_ATTEMPTS) throw error;
          await sleep(SETTLING_PAUSE_MS);
        }
      }
    } catch (error) {
      if (connection === mine) {
        connection = undefined;
        void mine.then((admin) => admin.disconnect()).catch(() => undefined);
      }
      throw toOperational(error, doing);
    }
  }

  async function connect(): Promise<Admin> {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  }

  async function ensure(admin: Admin): Promise<ReadonlyMap<string, number>> {
    const topics = wanted(options);
    const there = new Set(await admin.listTopics());
    const missing = topics.filter(({ topic }) => !there.has(topic));
    // Another process may create them at the same moment; both ask for the same.
    if (missing.length > 0) await admin.createTopics({ topics: missing }).catch(ignoreExisting);
    const metadata = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
    return new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]));
  }

  async function partitions(topic: Topic): Promise<number> {
    const asking = (counts ??= ask('Kafka topics', ensure));
    try {
      const count = (await asking).get(name(topic)) ?? 0;
      if (count > 0) return count;
      throw new OperationalError('KAFKA_UNAVAILABLE', `${name(topic)} has no partitions yet`, { retryable: true });
    } catch (error) {
      if (counts === asking) counts = undefined;
      throw error;
    }
  }

  return {
    partitions,
    async lag(topic, group) {
      await partitions(topic);
      return ask('Kafka lag', async (admin) => {
        const ends = await admin.fetchTopicOffsets(name(topic));
        const [committed] = await admin.fetchOffsets({
          groupId: groupId(options, topic, group),
          topics: [name(topic)],
        });
        const next = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
        return ends.reduce((sum, { partition, high, low }) => {
          return sum + Math.max(0, Number(high) - Math.max(next.get(partition) ?? -1, Number(low)));
        }, 0);
      });
    },
    async close() {
      const last = connection;
      connection = undefined;
      if (last !== undefined)
        await settlesWithin(
          GOODBYE_MS,
          last.then((admin) => admin.disconnect()),
        );
    },
  };
}

function ignoreExisting(error: unknown): false {
  if (isTopicExists(error)) return false;
  throw error;
}
