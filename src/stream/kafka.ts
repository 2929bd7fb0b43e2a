import { assert, type Closeable } from '../base/index.ts';
import { TOPICS } from '../events/index.ts';
import type { EventLog } from './event-log.ts';
import { createKafka, type KafkaLogOptions } from './kafka-client.ts';
import { openKafkaSubscription } from './kafka-consumer.ts';
import { openKafkaAppender } from './kafka-producer.ts';
import { openKafkaTopics } from './kafka-topics.ts';

export type { KafkaLogOptions } from './kafka-client.ts';

export interface KafkaLog extends EventLog {
  /**
   * Resolves when the broker answers and every topic is there.
   *
   * @throws OperationalError KAFKA_UNAVAILABLE (retryable), KAFKA_REJECTED
   */
  ready(): Promise<void>;
}

/**
 * The event log in Kafka. Opening contacts nobody: a broker that is away at the start is one that will come, and whoever has to
 * know asks `ready`. Missing topics are created on first use.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const client = await createKafka(options);
  const topics = openKafkaTopics(client.kafka, options);
  const appender = openKafkaAppender(client, topics, options);
  const subscriptions = new Set<Closeable>();
  let closed: Promise<void> | undefined;

  return {
    async append(topic, messages) {
      assert(closed === undefined, 'append to a closed log');
      await appender.append(topic, messages);
    },
    subscribe(to) {
      assert(closed === undefined, 'subscribe to a closed log');
      const running = openKafkaSubscription(client.kafka, topics, options, to);
      const member: Closeable = {
        async close() {
          await running.close();
          subscriptions.delete(member);
        },
      };
      subscriptions.add(member);
      return Promise.resolve(member);
    },
    lag: (topic, group) => topics.lag(topic, group),
    async ready() {
      await topics.partitions(TOPICS.keyEvents);
    },
    close() {
      closed ??= (async () => {
        await Promise.all([...subscriptions].map((member) => member.close()));
        await Promise.all([appender.close(), topics.close()]);
      })();
      return closed;
    },
  };
}
