import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import { TOPICS } from '../../../src/events/index.ts';
import {
  deadLettersIn,
  openKafkaLog,
  parseDeadLetter,
  runConsumer,
  type DeadLetter,
  type KafkaLog,
  type KafkaLogOptions,
} from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';
import { ownPrefix, sharedBrokers } from '../../support/shared-broker.ts';

let brokers: string[];
let prefix: string;
const logs: KafkaLog[] = [];
beforeEach(async () => {
  brokers = await sharedBrokers();
  prefix = ownPrefix();
});
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
});

async function openLog(more: Partial<KafkaLogOptions> = {}): Promise<KafkaLog> {
  const log = await openKafkaLog({ brokers, clientId: 'test', prefix, log: silentLog, ...more });
  logs.push(log);
  return log;
}

test('every missing topic is created, key state compacted, also by two processes at once', async () => {
  const both = await Promise.all([openLog({ partitions: 4 }), openLog({ partitions: 4 })]);
  await Promise.all(both.map((log) => log.ready()));
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const names = Object.values(TOPICS).map((topic) => `${prefix}${topic}`);
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  expect(topics.map(({ name, partitions }) => [name, partitions.length]).sort()).toEqual(
    names.map((name) => [name, 4]).sort(),
  );
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [TOPICS.keyState, TOPICS.keyEvents].map((topic) => {
      return { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}${topic}`, configNames: ['cleanup.policy'] };
    }),
  });
  await admin.disconnect();
  const policies = resources.map(({ resourceName, configEntries }) => [resourceName, configEntries[0]?.configValue]);
  expect(Object.fromEntries(policies)).toEqual({
    [`${prefix}${TOPICS.keyState}`]: 'compact',
    [`${prefix}${TOPICS.keyEvents}`]: 'delete',
  });
});

test('a message above the limit of the broker is refused, not tried again, and what follows it is taken', async () => {
  const log = await openLog();
  await expect(log.append(TOPICS.findings, [{ key: 'k', value: Buffer.alloc(3_000_000) }])).rejects.toMatchObject({
    code: 'KAFKA_REJECTED',
    retryable: false,
  });
  await log.append(TOPICS.findings, [{ key: 'k', value: Buffer.from('small') }]);
  expect(await log.lag(TOPICS.findings, 'g')).toBe(1);
});

test('compressed messages come back as they were', async () => {
  const log = await openLog({ compression: 'gzip' });
  const values = Array.from({ length: 300 }, (_, at) => Buffer.alloc(2000, at));
  await log.append(
    TOPICS.alerts,
    values.map((value) => ({ key: 'k', value })),
  );
  const seen: Uint8Array[] = [];
  await log.subscribe({
    topic: TOPICS.alerts,
    group: 'g',
    handle: ({ messages }) => Promise.resolve(void seen.push(...messages.map(({ value }) => value))),
  });
  await eventually('all', () => seen.length === 300);
  expect(seen.every((value, at) => values[at]!.equals(value))).toBe(true);
});

test('poison as large as a broker takes is set aside among the dead letters, and its topic goes on', async () => {
  const log = await openLog();
  await log.append(TOPICS.keyEvents, [{ key: 'k', value: Buffer.alloc(1_000_000, 0xff) }]);
  await log.append(TOPICS.keyEvents, [{ key: 'k', value: Buffer.from('good') }]);
  const good: string[] = [];
  await runConsumer<string>({
    log,
    logger: silentLog,
    deadLetter: deadLettersIn(log),
    consumer: {
      topic: TOPICS.keyEvents,
      group: 'g',
      parse: (bytes) => (bytes.length > 10 ? { ok: false, reason: 'too long' } : { ok: true, value: String(bytes) }),
      handle({ items }) {
        good.push(...items.map(({ value }) => value));
        return Promise.resolve([]);
      },
    },
  });
  const letters: DeadLetter[] = [];
  await log.subscribe({
    topic: TOPICS.deadLetter,
    group: 'reader',
    handle({ messages }) {
      for (const { value } of messages) {
        const parsed = parseDeadLetter(value);
        if (parsed.ok) letters.push(parsed.value);
      }
      return Promise.resolve();
    },
  });
  await eventually('both', () => good.length === 1 && letters.length === 1);
  expect(letters[0]).toMatchObject({ topic: TOPICS.keyEvents, group: 'g', reason: 'too long', sizeBytes: 1_000_000 });
  await eventually('no lag', async () => (await log.lag(TOPICS.keyEvents, 'g')) === 0);
});
