import type { Kafka } from 'kafkajs';
import type { Closeable } from '../base/index.ts';
import { backoffMs, settlesWithin, sleep } from './backoff.ts';
import type { Subscription } from './event-log.ts';
import { GOODBYE_MS, RETRY, groupId, topicName, type KafkaLogOptions } from './kafka-client.ts';
import { toOperational } from './kafka-errors.ts';
import { handleFetch, honourPositions, type Membership } from './kafka-member.ts';
import type { KafkaTopics } from './kafka-topics.ts';

/** Also how long the others of a group wait, after a crash of the broker or of a member, for one that will not return. */
const SESSION_TIMEOUT_MS = 15_000;
/** How long the group waits at a rebalance for a member that is still handling its batch. */
const REBALANCE_TIMEOUT_MS = 60_000;
/** The longest a fetch waits for messages; also how long a close may have to wait for one. */
const FETCH_WAIT_MS = 500;
const BETWEEN_CONSUMERS = { baseMs: 200, capMs: 5000 };
/** A consumer that lived this long was well; the next failure starts the count again. */
const WELL_MS = 60_000;

/**
 * Keeps one member of a group alive: kafkajs consumers end after a few failures, and each is followed by a new one until the
 * subscription closes.
 */
export function openKafkaSubscription(
  kafka: Kafka,
  topics: KafkaTopics,
  options: KafkaLogOptions,
  to: Subscription,
): Closeable {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  const running = (async () => {
    for (let failures = 0; !isClosing(); failures += 1) {
      const since = performance.now();
      const reason = await consume(kafka, topics, options, to, closing.signal).catch((error: unknown) => error);
      if (isClosing()) return;
      if (performance.now() - since > WELL_MS) failures = 0;
      const error = toOperational(reason, `${to.topic} for ${to.group}`);
      options.log[error.retryable ? 'warn' : 'error']('kafka-consumer-restarting', {
        topic: to.topic,
        group: to.group,
        code: error.code,
        reason: error.message,
      });
      await sleep(backoffMs(failures, BETWEEN_CONSUMERS), closing.signal);
    }
  })();
  return {
    close() {
      closing.abort();
      return running;
    },
  };
}

/** One kafkajs consumer from its birth to its end. Resolves with what ended it, or undefined when the signal did. */
async function consume(
  kafka: Kafka,
  topics: KafkaTopics,
  options: KafkaLogOptions,
  to: Subscription,
  closing: AbortSignal,
): Promise<unknown> {
  const { sessionTimeoutMs = SESSION_TIMEOUT_MS, log } = options;
  const name = topicName(options, to.topic);
  await topics.partitions(to.topic);
  const givenUp = new AbortController();
  const ended = AbortSignal.any([closing, givenUp.signal]);
  const consumer = kafka.consumer({
    groupId: groupId(options, to.topic, to.group),
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.min(3000, sessionTimeoutMs / 5),
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
  });
  const member: Membership = { consumer, name, to, log, ended };
  const handling = new Set<Promise<void>>();
  try {
    const crash = new Promise((resolve) => consumer.on('consumer.crash', ({ payload }) => resolve(payload.error)));
    honourPositions(member);
    await consumer.connect();
    await consumer.subscribe({ topics: [name], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        const work = handleFetch(member, payload);
        handling.add(work);
        await work.finally(() => handling.delete(work));
      },
    });
    return await Promise.race([crash, untilAborted(closing)]);
  } finally {
    givenUp.abort();
    // The running handle is waited for, however long it takes; the network is not.
    await Promise.allSettled(handling);
    await settlesWithin(GOODBYE_MS, consumer.disconnect());
  }
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
