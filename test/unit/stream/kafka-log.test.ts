import kafkajs, { type LogEntry, type logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import type { Log } from '../../../src/base/index.ts';
import { kafkajsLogCreator } from '../../../src/stream/kafka-log.ts';

const { ERROR, WARN } = kafkajs.logLevel;
const entry = (level: logLevel, message: string): LogEntry => {
  return { namespace: 'Connection', level, label: '', log: { timestamp: '', logger: '', message, broker: 'b:9092' } };
};

function spy() {
  const said: string[] = [];
  const keep =
    (level: string) =>
    (event: string, fields: { message?: unknown; more?: unknown } = {}) => {
      const { message, more } = fields;
      said.push(`${level} ${event} ${message as string}${typeof more === 'number' ? ` ${more}` : ''}`);
    };
  const log: Log = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  return { said, log };
}

test('an ordinary retry, which kafkajs logs as an error, is a warning here; its warnings are information', () => {
  const { said, log } = spy();
  const write = kafkajsLogCreator(log, ERROR)(WARN);
  write(entry(ERROR, 'Connection error'));
  write(entry(WARN, 'The group is rebalancing, re-joining'));
  expect(said).toEqual([
    'warn kafka-client Connection error',
    'info kafka-client The group is rebalancing, re-joining',
  ]);
});

test('what is said again and again is written once in a while, with how often it was said', () => {
  const { said, log } = spy();
  let now = 0;
  const write = kafkajsLogCreator(log, ERROR, () => now)(WARN);
  for (; now < 45_000; now += 1000) write(entry(ERROR, 'Connection error'));
  expect(said).toEqual(['warn kafka-client Connection error', 'warn kafka-client Connection error 29']);
});
