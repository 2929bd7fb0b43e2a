import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alertPipeline, entityKey, type AlertStateStore } from '../../../src/alerts/index.ts';
import { Alert, TOPICS, type Finding } from '../../../src/events/index.ts';
import { finding, items, KEY, memoryState, NOON_MIN, ROLE, type About } from './findings.ts';

const pipelineTo = (published: Alert[], store: AlertStateStore = memoryState().store) =>
  alertPipeline({
    store,
    publish(alerts) {
      published.push(...alerts.map((alert) => Alert.parse(alert)));
      return Promise.resolve();
    },
  });

async function alertsOf(findings: readonly Finding[]): Promise<Alert[]> {
  const published: Alert[] = [];
  await pipelineTo(published).handle({ partition: 0, items: items(findings) });
  return published;
}

const every = (minutes: number, count: number, part: Partial<About> = {}): Finding[] =>
  Array.from({ length: count }, (_, n) => finding({ n, at: n * minutes, ...part }));

const short = ({ status, version, count }: Alert) => `${status} ${version} x${count}`;

test('the first finding opens an alert that says everything the finding said', async () => {
  const [alert] = await alertsOf([finding({ n: 1, at: 0 })]);
  expect(alert).toMatchObject({
    status: 'open',
    version: 1,
    route: 'ticket',
    count: 1,
    key: KEY,
    principal: ROLE,
    detectors: ['KL-06'],
    explanation: 'what finding 1 saw',
    seqs: [11, 12, 13, 14],
  });
});

test('findings every ten seconds are one alert, told again when they double or five minutes have passed', async () => {
  const alerts = await alertsOf(every(1 / 6, 120));
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
  expect(alerts.map(short)).toEqual([
    'open 1 x1',
    'updated 2 x2',
    'updated 3 x4',
    'updated 4 x8',
    'updated 5 x16',
    'updated 6 x32',
    'updated 7 x62',
    'updated 8 x92',
  ]);
  const last = alerts.at(-1)!;
  expect(last.findings).toHaveLength(32);
  expect(last.seqs).toHaveLength(32);
  expect(last.explanation).toBe('what finding 0 saw\nLatest: what finding 91 saw');
  expect(last.triage).toHaveLength(2);
});

test('a graver finding is told at once and changes title and route', async () => {
  const findings = [...every(0.1, 6), finding({ n: 99, at: 0.7, severity: 'critical' })];
  const last = (await alertsOf(findings)).at(-1)!;
  expect(last).toMatchObject({ severity: 'critical', route: 'page', count: 7, title: 'KL-06 critical' });
});

test('families, keys and principals are alerts of their own; detectors of one family are one', async () => {
  const alerts = await alertsOf([
    finding({ n: 1, at: 0 }),
    finding({ n: 2, at: 0, key: `${KEY}2` }),
    finding({ n: 3, at: 0, principal: `${ROLE}2` }),
    finding({ n: 4, at: 0, detector: 'KL-09' }),
    finding({ n: 5, at: 0, detector: 'KL-14' }),
    finding({ n: 6, at: 0, detector: 'custom' }),
  ]);
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(5);
  expect(alerts.find(({ count }) => count === 2)?.detectors).toEqual(['KL-06', 'KL-14']);
});

test('half an hour of silence closes an alert, as soon as event time shows it', async () => {
  const published: Alert[] = [];
  const pipeline = pipelineTo(published);
  await pipeline.handle({ partition: 0, items: items([finding({ n: 1, at: 0 })]) });
  await pipeline.advance((NOON_MIN + 30) * 60e6);
  expect(published).toHaveLength(1);
  await pipeline.advance((NOON_MIN + 32) * 60e6);
  await pipeline.advance((NOON_MIN + 90) * 60e6);
  expect(published.map(short)).toEqual(['open 1 x1', 'closed 2 x1']);
});

test('for a day the same group takes up its alert again; after that it is a new one', async () => {
  const alerts = await alertsOf([0, 120, 24 * 60 + 200].map((at, n) => finding({ n, at })));
  expect(alerts.map(short)).toEqual(['open 1 x1', 'closed 2 x1', 'updated 3 x2', 'closed 4 x2', 'open 1 x1']);
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(2);
});

test('an incident that never pauses stays one alert beyond the day', async () => {
  const alerts = await alertsOf(every(20, 100));
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
  expect(alerts.at(-1)?.count).toBe(100);
});

test('a repeated finding is not counted again, even after a restart', async () => {
  const { store } = memoryState();
  const published: Alert[] = [];
  const findings = every(1, 5);
  await pipelineTo(published, store).handle({ partition: 0, items: items(findings) });
  const told = published.length;
  const pipeline = pipelineTo(published, store);
  expect(await pipeline.position(0)).toBe(5);
  await pipeline.handle({ partition: 0, items: items(findings, 5) });
  expect(published).toHaveLength(told);
});

test('killed at any point and started again, it publishes the same versions of the same alerts', async () => {
  const about = fc.record({
    at: fc.integer({ min: 0, max: 4000 }),
    severity: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
    key: fc.constantFrom(KEY, `${KEY}2`, `${KEY}3`),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(about, { maxLength: 60 }),
      fc.array(fc.constantFrom('ok', 'broker', 'before', 'after'), { maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      async (abouts, faults, size) => {
        const findings = abouts.sort((one, other) => one.at - other.at).map((one, n) => finding({ n, ...one }));
        const expected = await alertsOf(findings);
        const { store, faults: disk } = memoryState();
        const published: Alert[] = [];
        const plan = [...faults];
        for (let lives = 0; lives < 100; lives += 1) {
          let broker = false;
          const pipeline = alertPipeline({
            store,
            publish(alerts) {
              published.push(...alerts);
              return broker ? Promise.reject(new Error('broker')) : Promise.resolve();
            },
          });
          let at = (await pipeline.position(0)) ?? 0;
          if (at >= findings.length) break;
          for (; at < findings.length; at += size) {
            const fault = plan.shift() ?? 'ok';
            broker = fault === 'broker';
            if (fault === 'before' || fault === 'after') disk.push(fault);
            const handled = pipeline.handle({ partition: 0, items: items(findings.slice(at, at + size), at) });
            // Half of the faults are followed by the end of the process, half by another attempt at the same batch.
            if (
              !(await handled.then(
                () => true,
                () => false,
              )) &&
              at % 2 === 0
            )
              break;
          }
        }
        const distinct = new Map(published.map((alert) => [`${alert.id} ${alert.version}`, alert]));
        expect([...distinct.values()]).toEqual(expected);
        for (const alert of published) expect(distinct.get(`${alert.id} ${alert.version}`)).toEqual(alert);
      },
    ),
    { numRuns: 100 },
  );
});

test('state that is not what was written is refused, said, and begun anew', async () => {
  const { store, kept } = memoryState();
  await pipelineTo([], store).handle({ partition: 0, items: items(every(1, 3)) });
  const good = Buffer.from(kept.get(0)!.bytes).toString();
  for (const text of [
    '',
    '{}',
    good.slice(1),
    good.replace('"version":', '"verse":'),
    good.replace('"v":1', '"v":2'),
  ]) {
    kept.set(0, { bytes: Buffer.from(text), offset: 3 });
    const said: string[] = [];
    const say = (event: string) => void said.push(event);
    const log = { info: say, warn: say, error: say };
    const pipeline = alertPipeline({ store, publish: () => Promise.resolve(), log });
    expect(await pipeline.position(0)).toBeUndefined();
    expect(said).toEqual(['alert-state-rejected']);
  }
});

test('a finding with a date that does not exist is poison', async () => {
  const batch = items([{ ...finding({ n: 1, at: 0 }), time: '2026-02-30T12:00:00.000000Z' }]);
  expect(await pipelineTo([]).handle({ partition: 0, items: batch })).toHaveLength(1);
});

test('a flood of groups stays bounded, and what is pushed out is closed, not lost', async () => {
  const { store, kept } = memoryState();
  const published: Alert[] = [];
  const flood = Array.from({ length: 2100 }, (_, n) => finding({ n, at: 0, key: `${KEY}${n}` }));
  await pipelineTo(published, store).handle({ partition: 0, items: items(flood) });
  expect(published.filter(({ status }) => status === 'open')).toHaveLength(2100);
  expect(published.filter(({ status }) => status === 'closed')).toHaveLength(100);
  expect(kept.get(0)!.bytes.length).toBeLessThan(8e6);
});

test('it reads the findings, and an entity has one message key', () => {
  const pipeline = pipelineTo([]);
  expect([pipeline.group, pipeline.topic]).toEqual(['alerts', TOPICS.findings]);
  expect(entityKey(finding({ n: 1, at: 0 }))).toBe(KEY);
  expect(entityKey({ principal: ROLE, id: 'x' })).toBe(ROLE);
});
