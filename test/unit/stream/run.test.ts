import { expect, test } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import { TOPICS, type Parsed } from '../../../src/events/index.ts';
import {
  createMemoryStore,
  openMemoryLog,
  parseDeadLetter,
  runConsumer,
  type Consumer,
  type DeadLetter,
  type MemoryLog,
  type Rejection,
} from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';

const topic = TOPICS.findings;
const lines = (...texts: string[]) => texts.map((text) => ({ key: 'k', value: Buffer.from(text) }));

/** A consumer of numbers: what is no number is poison, and a negative number cannot be true. */
function numbers(more: Partial<Consumer<number>> = {}) {
  const kept: number[] = [];
  const consumer: Consumer<number> = {
    group: 'numbers',
    topic,
    parse(bytes): Parsed<number> {
      const value = Number(Buffer.from(bytes).toString());
      return Number.isNaN(value) ? { ok: false, reason: 'not a number' } : { ok: true, value };
    },
    handle({ items }) {
      kept.push(...items.map(({ value }) => value).filter((value) => value >= 0));
      const impossible = items.filter(({ value }) => value < 0);
      return Promise.resolve(impossible.map(({ offset }): Rejection => ({ offset, reason: 'below zero' })));
    },
    ...more,
  };
  return { consumer, kept };
}

function given() {
  const store = createMemoryStore();
  const deadLetters = (): DeadLetter[] =>
    (store.messages.get(TOPICS.deadLetter) ?? []).map(({ value }) => {
      const parsed = parseDeadLetter(value);
      if (!parsed.ok) throw new Error(parsed.reason);
      return parsed.value;
    });
  return { log: openMemoryLog({ store }), deadLetters };
}

const caughtUp = (log: MemoryLog) => eventually('no lag', async () => (await log.lag(topic, 'numbers')) === 0);

test('what can be read is handled, and poison is set aside with its reason, its place and its bytes', async () => {
  const { log, deadLetters } = given();
  const { consumer, kept } = numbers();
  await log.append(topic, lines('1', 'two', '3', '-4', '5'));
  const running = await runConsumer({ log, consumer, logger: silentLog });
  await caughtUp(log);
  expect(kept).toEqual([1, 3, 5]);
  const letters = deadLetters();
  expect(
    letters.map(({ offset, reason, bytesBase64 }) => [offset, reason, Buffer.from(bytesBase64, 'base64').toString()]),
  ).toEqual([
    [1, 'not a number', 'two'],
    [3, 'below zero', '-4'],
  ]);
  expect(letters[0]).toMatchObject({ v: 1, topic, group: 'numbers', partition: 0, sizeBytes: 3 });
  expect(running.counts()).toMatchObject({ messages: 5, deadLetters: 2, outages: 0, offsets: new Map([[0, 4]]) });
  await log.close();
});

test('an outage stops the line, and the same batch comes again', async () => {
  const { log, deadLetters } = given();
  const seen: number[][] = [];
  const { consumer } = numbers({
    handle({ items }) {
      seen.push(items.map(({ value }) => value));
      return seen.length < 3 ? Promise.reject(new Error('the database is away')) : Promise.resolve([]);
    },
  });
  await log.append(topic, lines('1', 'poison', '2'));
  const running = await runConsumer({ log, consumer, logger: silentLog });
  await caughtUp(log);
  expect(seen).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  // Poison is set aside once the rest is durable, so an outage does not set it aside again and again.
  expect(deadLetters()).toHaveLength(1);
  expect(running.counts().outages).toBe(2);
  await log.close();
});

test('nothing is acknowledged while its dead letter is not durable', async () => {
  const { log } = given();
  const { consumer } = numbers();
  await log.append(topic, lines('poison'));
  log.failAppend('before', 1000);
  const running = await runConsumer({ log, consumer, logger: silentLog });
  await eventually('two attempts', () => running.counts().outages >= 2);
  expect(await log.lag(topic, 'numbers')).toBe(1);
  await log.close();
  expect(running.counts().messages).toBe(0);
});

test('a dead letter that was written and not acknowledged comes again under the same identity', async () => {
  const { log, deadLetters } = given();
  const { consumer } = numbers();
  await log.append(topic, lines('poison'));
  log.failAppend('after');
  await runConsumer({ log, consumer, logger: silentLog });
  await caughtUp(log);
  const places = deadLetters().map(({ group, partition, offset }) => `${group} ${partition} ${offset}`);
  expect(places).toEqual(['numbers 0 0', 'numbers 0 0']);
  await log.close();
});

test('a batch of nothing but poison is finished without the consumer', async () => {
  const { log, deadLetters } = given();
  let handled = 0;
  const { consumer } = numbers({ handle: () => ((handled += 1), Promise.resolve([])) });
  await log.append(topic, lines('a', 'b'));
  await runConsumer({ log, consumer, logger: silentLog });
  await caughtUp(log);
  expect(handled).toBe(0);
  expect(deadLetters()).toHaveLength(2);
  await log.close();
});

test('a message that breaks the parser is poison like any other', async () => {
  const { log, deadLetters } = given();
  const { consumer, kept } = numbers();
  const parse = (bytes: Uint8Array): Parsed<number> => {
    if (bytes.length > 3) throw new RangeError('a parser that did not expect this');
    return consumer.parse(bytes);
  };
  await log.append(topic, lines('1', 'breaks', '2'));
  await runConsumer({ log, consumer: { ...consumer, parse }, logger: silentLog });
  await caughtUp(log);
  expect(kept).toEqual([1, 2]);
  expect(deadLetters().map(({ offset, reason }) => [offset, reason])).toEqual([[1, 'the parser failed']]);
  await log.close();
});

test('a consumer with a position of its own begins there', async () => {
  const { log } = given();
  const { consumer, kept } = numbers({ position: () => Promise.resolve(2) });
  await log.append(topic, lines('0', '1', '2', '3'));
  await runConsumer({ log, consumer, logger: silentLog });
  await caughtUp(log);
  expect(kept).toEqual([2, 3]);
  await log.close();
});

test('a consumer that rejects what it was not given has a bug, and the line stops', async () => {
  const { log } = given();
  const { consumer } = numbers({ handle: () => Promise.resolve([{ offset: 99, reason: 'made up' }]) });
  await log.append(topic, lines('1'));
  const running = await runConsumer({ log, consumer, logger: silentLog });
  await eventually('an attempt', () => running.counts().outages > 0);
  expect(await log.lag(topic, 'numbers')).toBe(1);
  await log.close();
});
