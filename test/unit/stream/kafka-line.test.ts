import type { Message } from 'kafkajs';
import { expect, test } from 'vitest';
import { OperationalError } from '../../../src/base/index.ts';
import { PartitionLine } from '../../../src/stream/kafka-line.ts';

const message = (text: string): Message => ({ key: Buffer.from('k'), value: Buffer.from(text) });
const messages = (...texts: string[]): Message[] => texts.map(message);
const textsOf = (batch: readonly Message[]): string[] => batch.map(({ value }) => String(value));

/** A sender whose every batch waits to be answered. */
function gate() {
  const sent: string[][] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const send = (batch: readonly Message[]): Promise<void> => {
    sent.push(textsOf(batch));
    return new Promise((resolve, reject) => answers.push({ resolve, reject }));
  };
  return { sent, answers, line: new PartitionLine(send) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('one batch is on its way at a time, and what waits meanwhile goes together', async () => {
  const { sent, answers, line } = gate();
  const appended = Promise.all([
    line.append(messages('1')),
    line.append(messages('2')),
    line.append(messages('3', '4')),
  ]);
  await settled();
  expect(sent).toEqual([['1']]);
  answers[0]?.resolve();
  await settled();
  expect(sent).toEqual([['1'], ['2', '3', '4']]);
  answers[1]?.resolve();
  await appended;
});

test('a failure fails everything behind it, so that nothing overtakes what will be appended again', async () => {
  const { sent, answers, line } = gate();
  const outcomes = Promise.allSettled([
    line.append(messages('1')),
    line.append(messages('2')),
    line.append(messages('3')),
  ]);
  await settled();
  answers[0]?.reject(new Error('away'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(sent).toEqual([['1']]);
  const later = line.append(messages('1'));
  await settled();
  answers[1]?.resolve();
  await later;
  expect(sent).toEqual([['1'], ['1']]);
});

test('the rest of an append is not sent after its first batch failed', async () => {
  const { sent, answers, line } = gate();
  const many = line.append(Array.from({ length: 1500 }, (_, at) => message(String(at))));
  await settled();
  expect(sent[0]).toHaveLength(1000);
  answers[0]?.reject(new Error('away'));
  await expect(many).rejects.toThrow('away');
  expect(sent).toHaveLength(1);
});

test('a batch stays below the size that a broker takes', async () => {
  const sizes: number[] = [];
  const line = new PartitionLine((batch) => Promise.resolve(void sizes.push(batch.length)));
  await line.append(Array.from({ length: 50 }, () => ({ value: Buffer.alloc(65_535) })));
  expect(Math.max(...sizes) * 65_535).toBeLessThan(1_000_000);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(50);
});

test('abandoning rejects what was not sent and waits for what was', async () => {
  const { answers, line } = gate();
  const first = line.append(messages('1'));
  const second = line.append(messages('2'));
  await settled();
  const abandoned = line.abandon(new OperationalError('KAFKA_UNAVAILABLE', 'closed'));
  await expect(second).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  answers[0]?.resolve();
  await first;
  await abandoned;
});
