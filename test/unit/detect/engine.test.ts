import fc from 'fast-check';
import { expect, test } from 'vitest';
import { detectionEngine, openRate, type SnapshotStore } from '../../../src/detect/index.ts';
import { TOPICS, type Finding, type KeyEvent } from '../../../src/events/index.ts';
import type { Consumer } from '../../../src/stream/consumer.ts';
import { journal, KEY, NOON_S, poisson, random, type Traffic } from './events.ts';

/** Keeps snapshots in memory; can be told to fail once, before or after the bytes are kept. */
function memorySnapshots() {
  const kept = new Map<number, { bytes: Uint8Array; offset: number }>();
  const faults: ('before' | 'after')[] = [];
  const store: SnapshotStore = {
    load: (partition) => Promise.resolve(kept.get(partition)),
    save(partition, bytes, offset) {
      const fault = faults.shift();
      if (fault !== 'before') kept.set(partition, { bytes, offset });
      return fault === undefined ? Promise.resolve() : Promise.reject(new Error('disk'));
    },
  };
  return { store, kept, faults };
}

const steady = (rate: number, from: number, to: number, seed: number, part: Partial<Traffic> = {}): Traffic[] =>
  poisson(rate, NOON_S + from, NOON_S + to, random(seed)).map((at) => ({ at, ...part }));

const other = `${KEY.slice(0, -1)}7`;
const attack = journal(steady(2, 0, 200, 1), steady(3, 0, 200, 2, { key: other }), steady(150, 100, 130, 3));
const items = (events: readonly KeyEvent[], from = 0) =>
  events.map((value, at) => ({ offset: from + at, value, bytes: new Uint8Array() }));

function engineWith(
  store: SnapshotStore,
  published: Finding[],
  options: { snapshotEvents?: number; maxEntities?: number } = {},
) {
  return detectionEngine({
    detectors: [openRate()],
    snapshots: store,
    publish(findings) {
      published.push(...findings);
      return Promise.resolve();
    },
    snapshotEvents: 500,
    ...options,
  });
}

async function undisturbed(): Promise<Finding[]> {
  const published: Finding[] = [];
  await engineWith(memorySnapshots().store, published).handle({ partition: 0, items: items(attack) });
  return published;
}

test('the engine is a consumer of the key events', async () => {
  const consumer: Consumer<KeyEvent> = engineWith(memorySnapshots().store, []);
  expect([consumer.topic, consumer.group]).toEqual([TOPICS.keyEvents, 'detect']);
  expect(await consumer.position?.(0)).toBeUndefined();
});

test('killed at any point and started again, it publishes the same findings with the same ids', async () => {
  const expected = await undisturbed();
  expect(expected.length).toBeGreaterThanOrEqual(3);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }), async (lives) => {
      const { store } = memorySnapshots();
      const published: Finding[] = [];
      let at: number;
      // Each life handles a batch or two, then the process is gone with its memory.
      for (const size of [...lives, attack.length, attack.length]) {
        const engine = engineWith(store, published, { snapshotEvents: 300 });
        at = (await engine.position(0)) ?? 0;
        for (let batch = 0; batch < 2; batch += 1, at += size) {
          await engine.handle({ partition: 0, items: items(attack.slice(at, at + size), at) });
        }
      }
      const distinct = new Map(published.map((finding) => [finding.id, finding]));
      expect([...distinct.values()]).toEqual(expected);
      for (const finding of published) expect(distinct.get(finding.id)).toEqual(finding);
    }),
    { numRuns: 30 },
  );
});

test('from the first batch on there is a snapshot to start from, so that nothing learnt depends on a checkpoint', async () => {
  const { store, kept } = memorySnapshots();
  const engine = engineWith(store, [], { snapshotEvents: 1e6 });
  await engine.handle({ partition: 0, items: items(attack.slice(0, 3)) });
  await engine.handle({ partition: 0, items: items(attack.slice(3, 9), 3) });
  expect(kept.get(0)?.offset).toBe(3);
  expect(await engineWith(store, []).position(0)).toBe(3);
});

test('repeats are not counted again', async () => {
  const published: Finding[] = [];
  const engine = engineWith(memorySnapshots().store, published);
  for (let at = 0; at < attack.length; at += 100) {
    const batch = items(attack.slice(at, at + 100), at);
    await engine.handle({ partition: 0, items: [...batch, ...batch] });
    await engine.handle({ partition: 0, items: batch });
  }
  expect(published).toEqual(await undisturbed());
});

test('findings that could not be published go out with the next attempt, before the position moves', async () => {
  const { store, kept } = memorySnapshots();
  const published: Finding[] = [];
  let down = true;
  const engine = detectionEngine({
    detectors: [openRate()],
    snapshots: store,
    snapshotEvents: 1,
    publish(findings) {
      if (down) return Promise.reject(new Error('broker'));
      published.push(...findings);
      return Promise.resolve();
    },
  });
  const batch = { partition: 0, items: items(attack) };
  await expect(engine.handle(batch)).rejects.toThrow('broker');
  expect(kept.size).toBe(0);
  down = false;
  await engine.handle(batch);
  expect(published).toEqual(await undisturbed());
  expect(kept.get(0)?.offset).toBe(attack.length);
});

test('a disk that fails stops the line, before or after it kept the snapshot, and nothing is counted twice', async () => {
  for (const fault of ['before', 'after'] as const) {
    const { store, faults } = memorySnapshots();
    const published: Finding[] = [];
    const engine = engineWith(store, published, { snapshotEvents: 1 });
    const half = items(attack.slice(0, 400));
    faults.push(fault);
    await expect(engine.handle({ partition: 0, items: half })).rejects.toThrow('disk');
    await engine.handle({ partition: 0, items: half });
    await engine.handle({ partition: 0, items: items(attack.slice(400), 400) });
    expect(published).toEqual(await undisturbed());
  }
});

test('a snapshot that is torn, foreign or of another version is refused, said, and begun anew', async () => {
  const { store, kept } = memorySnapshots();
  await engineWith(store, [], { snapshotEvents: 1 }).handle({ partition: 0, items: items(attack) });
  const good = Buffer.from(kept.get(0)!.bytes).toString();
  const bad = [
    good.slice(0, -40),
    good.split('\n').slice(0, -1).join('\n'),
    '{}',
    '',
    good.replace('"version":1', '"version":2'),
    good.replace('"count":', '"count":-'),
    good.replace('"told":', '"extra":1,"told":'),
  ];
  for (const text of bad) {
    kept.set(0, { bytes: Buffer.from(text), offset: 7 });
    const said: string[] = [];
    const say = (event: string) => void said.push(event);
    const engine = detectionEngine({
      detectors: [openRate()],
      snapshots: store,
      publish: () => Promise.resolve(),
      log: { info: say, warn: say, error: say },
    });
    await engine.position(0);
    expect(said).toHaveLength(1);
    expect(engine.status()[0]?.entities).toBe(0);
  }
});

test('partitions are apart', async () => {
  const published: Finding[] = [];
  const engine = engineWith(memorySnapshots().store, published);
  for (const [at, event] of attack.entries()) {
    await engine.handle({ partition: at % 2, items: items([event], at) });
  }
  // Each partition saw half of everything: both find the attack, on lines of their own.
  expect(new Set(engine.status().map(({ partition }) => partition))).toEqual(new Set([0, 1]));
  expect(published.length).toBeGreaterThan(0);
});

test('a flood of principals forgets the least recently seen and never grows past the cap', async () => {
  const published: Finding[] = [];
  const engine = engineWith(memorySnapshots().store, published, { maxEntities: 1000 });
  const names = Array.from({ length: 20_000 }, (_, at) => ({
    at: NOON_S + at / 1000,
    principal: `arn:aws:iam::000000000000:role/flood-${at}`,
  }));
  const events = journal(names, steady(5, 0, 20, 1), steady(150, 20, 30, 2));
  await engine.handle({ partition: 0, items: items(events) });
  expect(engine.status()[0]?.entities).toBe(1000);
  expect(engine.status()[0]?.evicted).toBeGreaterThan(18_000);
  // The pair that was in use throughout kept its history and is found.
  expect(published[0]?.evidence.explanation).toContain('known for 20 s');
});

test('an event with a date that does not exist is poison, and the rest of the batch is handled', async () => {
  const published: Finding[] = [];
  const engine = engineWith(memorySnapshots().store, published);
  const batch = items([{ ...attack[0]!, time: '2026-02-30T12:00:00.000000Z' }, ...attack.slice(1)]);
  expect(await engine.handle({ partition: 0, items: batch })).toEqual([
    { offset: 0, reason: 'time: a date that does not exist' },
  ]);
  expect(published.length).toBeGreaterThan(0);
});
