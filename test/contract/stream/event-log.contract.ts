import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TOPICS } from '../../../src/events/index.ts';
import type { Batch, EventLog, Message, Subscription } from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';

/** An adapter under test, with a place of its own that outlives each log opened on it. */
export interface Place {
  open(): Promise<EventLog>;
  remove(): Promise<void>;
}

const topic = TOPICS.findings;
const message = (key: string, number: number): Message => ({ key, value: Buffer.from(`${key}:${number}`) });
const messages = (key: string, from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, at) => message(key, from + at));
const textsOf = (batch: Batch): string[] => batch.messages.map(({ value }) => Buffer.from(value).toString());
const outage = (): Promise<never> => Promise.reject(new Error('the store behind the reader is away'));

/** What every adapter promises; see src/stream/event-log.ts. */
export function eventLogContract(name: string, makePlace: () => Promise<Place>): void {
  describe(`the ${name} event log`, () => {
    let place: Place;
    let log: EventLog;
    beforeEach(async () => {
      place = await makePlace();
      log = await place.open();
    });
    afterEach(async () => {
      await log.close();
      await place.remove();
    });

    /** Subscribes and collects the texts it was given. */
    async function collect(group: string, more: Partial<Subscription> = {}) {
      const texts: string[] = [];
      const handle = (batch: Batch): Promise<void> => Promise.resolve(void texts.push(...textsOf(batch)));
      const subscription = await log.subscribe({ topic, group, handle, ...more });
      return { texts, close: () => subscription.close() };
    }

    test('delivers what was appended before and after the subscription, with key, headers and value', async () => {
      await log.append(topic, [{ key: 'k', value: Buffer.from('early'), headers: { seq: '7' } }]);
      const batches: Batch[] = [];
      await log.subscribe({ topic, group: 'g', handle: (batch) => Promise.resolve(void batches.push(batch)) });
      await eventually('the early one', () => batches.length === 1);
      await log.append(topic, [{ key: '', value: Buffer.from('late') }]);
      await eventually('the late one', () => batches.length === 2);
      expect(batches.map((batch) => batch.topic)).toEqual([topic, topic]);
      expect(batches[0]?.messages[0]).toMatchObject({ key: 'k', headers: { seq: '7' } });
      expect(batches[1]?.messages[0]?.key).toBe('');
      expect(batches.flatMap(textsOf)).toEqual(['early', 'late']);
    });

    test('keeps the order of every key', async () => {
      const keys = Array.from({ length: 7 }, (_, at) => `key-${at}`);
      for (let round = 1; round <= 20; round += 1)
        await log.append(
          topic,
          keys.map((key) => message(key, round)),
        );
      const { texts } = await collect('g', { maxBatch: 9 });
      await eventually('all 140', () => texts.length >= 140);
      for (const key of keys) {
        const ofKey = texts.filter((text) => text.startsWith(`${key}:`));
        expect(ofKey).toEqual(messages(key, 1, 20).map(({ value }) => Buffer.from(value).toString()));
      }
    });

    test('keeps the order of one key under appends that do not wait for one another', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, at) => log.append(topic, messages('k', at * 30 + 1, at * 30 + 30))),
      );
      const { texts } = await collect('g');
      await eventually('all 1500', () => texts.length >= 1500);
      expect(texts).toEqual(messages('k', 1, 1500).map(({ value }) => Buffer.from(value).toString()));
    });

    test('never hands over more than the batch that was asked for, offsets ascending', async () => {
      await log.append(topic, messages('k', 1, 100));
      const batches: Batch[] = [];
      await log.subscribe({
        topic,
        group: 'g',
        maxBatch: 30,
        handle: (batch) => Promise.resolve(void batches.push(batch)),
      });
      await eventually('all', () => batches.flatMap(textsOf).length === 100);
      expect(batches.map(({ messages: { length } }) => length)).toEqual([30, 30, 30, 10]);
      const offsets = batches.flatMap((batch) => batch.messages.map(({ offset }) => offset));
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    });

    test('hands the same batch over again after a rejection, and nothing else meanwhile', async () => {
      await log.append(topic, messages('k', 1, 40));
      const seen: string[][] = [];
      const handle = async (batch: Batch): Promise<void> => {
        seen.push(textsOf(batch));
        if (seen.length <= 3) await outage();
      };
      await log.subscribe({ topic, group: 'g', maxBatch: 25, handle });
      await eventually('the first attempt', () => seen.length > 0);
      await log.append(topic, messages('k', 41, 50));
      await eventually('the last', () => seen.at(-1)?.at(-1) === 'k:50');
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
      expect(seen.slice(3).flat()).toEqual(messages('k', 1, 50).map(({ value }) => Buffer.from(value).toString()));
    });

    test('never runs the handler of one subscription twice at a time', async () => {
      let running = 0;
      let most = 0;
      let handled = 0;
      await log.append(
        topic,
        Array.from({ length: 60 }, (_, at) => message(`key-${at}`, 1)),
      );
      const handle = async (batch: Batch): Promise<void> => {
        most = Math.max(most, (running += 1));
        await delay(5);
        running -= 1;
        handled += batch.messages.length;
      };
      await log.subscribe({ topic, group: 'g', maxBatch: 5, handle });
      await eventually('all', () => handled >= 60);
      expect(most).toBe(1);
    });

    test('goes on after its checkpoint when it is opened again', async () => {
      await log.append(topic, messages('k', 1, 10));
      const before = await collect('g');
      await eventually('ten', () => before.texts.length === 10);
      await log.close();
      log = await place.open();
      await log.append(topic, messages('k', 11, 15));
      const after = await collect('g');
      await eventually('five', () => after.texts.length >= 5);
      expect(after.texts).toEqual(['k:11', 'k:12', 'k:13', 'k:14', 'k:15']);
    });

    test('repeats what was handled but not resolved when the reader stopped', async () => {
      await log.append(topic, messages('k', 1, 3));
      let attempts = 0;
      const handle = (): Promise<void> => ((attempts += 1), outage());
      const failing = await log.subscribe({ topic, group: 'g', handle });
      await eventually('an attempt', () => attempts > 0);
      await failing.close();
      const { texts } = await collect('g');
      await eventually('three', () => texts.length >= 3);
      expect(texts).toEqual(['k:1', 'k:2', 'k:3']);
    });

    test('begins where a reader that keeps its own position says, whatever the checkpoint', async () => {
      await log.append(topic, messages('k', 1, 10));
      const offsets: number[] = [];
      const partitions = new Set<number>();
      const all = await collect('g', {
        handle: (batch) => {
          partitions.add(batch.partition);
          return Promise.resolve(void offsets.push(...batch.messages.map(({ offset }) => offset)));
        },
      });
      await eventually('ten', () => offsets.length === 10);
      await all.close();
      const [partition] = partitions;
      let asked = 0;
      const position = (of: number): Promise<number | undefined> => {
        if (of !== partition) return Promise.resolve(undefined);
        asked += 1;
        return asked === 1 ? outage() : Promise.resolve(offsets[7]);
      };
      const { texts } = await collect('g', { position });
      await eventually('the last three', () => texts.length >= 3);
      expect(texts).toEqual(['k:8', 'k:9', 'k:10']);
      expect(asked).toBe(2);
    });

    test('gives every group everything, each at its own pace', async () => {
      await log.append(topic, messages('k', 1, 20));
      const fast = await collect('fast');
      let attempts = 0;
      await log.subscribe({ topic, group: 'stuck', handle: () => ((attempts += 1), outage()) });
      const slow = await collect('slow', { maxBatch: 3 });
      await eventually('both', () => fast.texts.length === 20 && slow.texts.length === 20);
      await eventually('an attempt', () => attempts > 0);
      expect(fast.texts).toEqual(slow.texts);
      await eventually('lag', async () => (await log.lag(topic, 'fast')) === 0);
      expect(await log.lag(topic, 'stuck')).toBe(20);
    });

    test('takes the same group on two topics for two groups', async () => {
      await log.append(topic, messages('k', 1, 5));
      await log.append(TOPICS.alerts, messages('a', 1, 5));
      const [findings, alerts] = [await collect('g'), await collect('g', { topic: TOPICS.alerts })];
      await eventually('both', () => findings.texts.length >= 5 && alerts.texts.length >= 5);
      expect([findings.texts, alerts.texts]).toEqual([
        ['k:1', 'k:2', 'k:3', 'k:4', 'k:5'],
        ['a:1', 'a:2', 'a:3', 'a:4', 'a:5'],
      ]);
    });

    test('shares a topic among the members of a group, and leaves it to those that stay', async () => {
      const one = await collect('g');
      const two = await collect('g');
      const seen = (): string[] => [...one.texts, ...two.texts];
      let round = 0;
      const playRound = async (): Promise<number> => {
        round += 1;
        const before = seen().length;
        const batch = Array.from({ length: 30 }, (_, at) => message(`key-${at}`, round));
        await log.append(topic, batch);
        await eventually('the round', () => batch.every(({ value }) => seen().includes(Buffer.from(value).toString())));
        await delay(50);
        return seen().length - before;
      };
      // While a member joins, a message may reach both; once both are there, each message reaches one of them.
      await eventually('a round that nobody sees twice', async () => (await playRound()) === 30);
      await one.close();
      const closed = one.texts.length;
      await eventually('a round without the one that left', async () => (await playRound()) === 30);
      expect(one.texts).toHaveLength(closed);
      await eventually('nothing owed', async () => (await log.lag(topic, 'g')) === 0);
    });

    test('counts as lag what a group has not finished', async () => {
      expect(await log.lag(topic, 'g')).toBe(0);
      await log.append(topic, messages('k', 1, 12));
      expect(await log.lag(topic, 'g')).toBe(12);
      const { texts } = await collect('g');
      await eventually('all', () => texts.length === 12);
      await eventually('no lag', async () => (await log.lag(topic, 'g')) === 0);
      expect(await log.lag(topic, 'another')).toBe(12);
    });

    test('waits, when it closes, for the handler that runs, and keeps what it did', async () => {
      await log.append(topic, messages('k', 1, 4));
      let done = false;
      let begun = false;
      const subscription = await log.subscribe({
        topic,
        group: 'g',
        maxBatch: 2,
        async handle() {
          begun = true;
          await delay(300);
          done = true;
        },
      });
      await eventually('a handler that runs', () => begun);
      await subscription.close();
      expect(done).toBe(true);
      const { texts } = await collect('g');
      await eventually('the rest', () => texts.includes('k:4'));
      expect(texts).toEqual(['k:3', 'k:4']);
    });

    test('closes while a handler is in an outage, and twice', async () => {
      await log.append(topic, messages('k', 1, 2));
      let attempts = 0;
      const subscription = await log.subscribe({ topic, group: 'g', handle: () => ((attempts += 1), outage()) });
      await eventually('two attempts', () => attempts > 1);
      await subscription.close();
      await subscription.close();
      await log.close();
      await log.close();
      expect(await (log = await place.open()).lag(topic, 'g')).toBe(2);
    });

    test('carries large values unchanged', async () => {
      const values = [65_535, 400_000, 800_000].map((size, at) => Buffer.alloc(size, at + 1));
      await log.append(
        topic,
        values.map((value) => ({ key: 'k', value })),
      );
      const seen: Uint8Array[] = [];
      const handle = (batch: Batch): Promise<void> =>
        Promise.resolve(void seen.push(...batch.messages.map((m) => m.value)));
      await log.subscribe({ topic, group: 'g', handle });
      await eventually('all', () => seen.length === 3);
      expect(seen.every((value, at) => values[at]!.equals(value))).toBe(true);
    });

    test('resolves an empty append, and delivers nothing for it', async () => {
      await log.append(topic, []);
      expect(await log.lag(topic, 'g')).toBe(0);
    });
  });
}
