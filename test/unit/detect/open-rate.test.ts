import { expect, test } from 'vitest';
import { Finding, type KeyEvent } from '../../../src/events/index.ts';
import { openRate } from '../../../src/detect/index.ts';
import { OpenRateBaseline } from '../../../src/detect/detectors/open-rate-baseline.ts';
import { call, journal, KEY, NOON_S, poisson, random, ROLE, type Traffic } from './events.ts';

/** Runs a journal through the detector, as an engine would, and checks the contract on the way. */
function detect(events: readonly KeyEvent[]): Finding[] {
  const detector = openRate();
  const baselines = new Map<string, OpenRateBaseline>();
  return events.flatMap((event) => {
    const scope = detector.scope(event);
    if (scope === undefined) return [];
    const [baseline, findings] = detector.observe(baselines.get(scope) ?? detector.initial(), event);
    baselines.set(scope, baseline);
    for (const finding of findings) {
      Finding.parse(finding);
      OpenRateBaseline.parse(JSON.parse(JSON.stringify(baseline)));
    }
    return [...findings];
  });
}

const steady = (rate: number, from: number, to: number, seed: number, principal = ROLE): Traffic[] =>
  poisson(rate, NOON_S + from, NOON_S + to, random(seed)).map((at) => ({ at, principal }));

const secondsInto = (finding: Finding): number => Date.parse(finding.time) / 1000 - NOON_S;

test('a role known for 25 seconds that begins to open 150 a second is found within three seconds', () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    for (const usual of [0.5, 2, 5]) {
      const [first, ...more] = detect(journal(steady(usual, 3, 28, seed), steady(150, 28, 58, seed + 1000)));
      expect(secondsInto(first!)).toBeLessThan(28 + 3.5);
      expect(secondsInto(first!)).toBeGreaterThan(28);
      expect(more.length).toBeGreaterThanOrEqual(2);
    }
  }
});

test('a role never seen before that opens 100 a second is found within three seconds', () => {
  expect(secondsInto(detect(journal(steady(100, 60, 90, 1)))[0]!)).toBeLessThan(63);
});

test('steady services are never found, from their first second through half a day', () => {
  for (const [at, rate] of [0.05, 0.5, 1, 2, 5].entries()) {
    expect(detect(journal(steady(rate, 0, 43_200 / (1 + rate), at + 1)))).toEqual([]);
  }
});

test('a service that doubles, after half a minute or after two hours, is not found', () => {
  for (let seed = 1; seed <= 15; seed += 1) {
    expect(detect(journal(steady(5, 0, 30, seed), steady(10, 30, 90, seed + 100)))).toEqual([]);
  }
  for (const rate of [0.5, 5]) {
    expect(
      detect(journal(steady(rate, 0, 120, 1), steady(rate, 120, 7_200, 2), steady(rate * 2, 7_200, 9_000, 3))).filter(
        (f) => secondsInto(f) > 1800,
      ),
    ).toEqual([]);
  }
});

test('a warm pair is found at a tenth of the rate that a new one may have', () => {
  const found = detect(journal(steady(0.2, 0, 7_200, 1), steady(8, 7_200, 7_230, 2)));
  expect(secondsInto(found[0]!)).toBeLessThan(7_212);
  expect(found[0]!.evidence.probability).toBeLessThan(1e-8);
});

test('below fifty in a window nothing is found, however unusual', () => {
  const burst = Array.from({ length: 49 }, (_, at) => ({ at: NOON_S + 7_200 + at / 10 }));
  const usual = Array.from({ length: 70 }, (_, at) => ({ at: NOON_S + at * 100 }));
  expect(detect(journal(usual, burst))).toEqual([]);
  expect(detect(journal(usual, burst, [{ at: NOON_S + 7_205 }]))).toHaveLength(1);
});

test('a bursty pair sets its own line: what it did before is not news', () => {
  const batches = (count: number, size: number, from: number): Traffic[] =>
    Array.from({ length: count * size }, (_, at) => ({
      at: NOON_S + from + Math.floor(at / size) * 600 + (at % size) / 100,
    }));
  expect(detect(journal(batches(30, 180, 0)))).toEqual([]);
  expect(detect(journal(batches(30, 180, 0), batches(1, 250, 18_000)))).toEqual([]);
});

test('a burst teaches little: the line after ten minutes of attack is still far below it', () => {
  const found = detect(
    journal(
      steady(1, 0, 7_200, 1),
      steady(200, 7_200, 7_800, 2),
      steady(1, 7_800, 8_100, 3),
      steady(30, 8_100, 8_110, 4),
    ),
  );
  expect(found.filter((f) => secondsInto(f) < 7_800)).toHaveLength(60);
  expect(found.some((f) => secondsInto(f) >= 8_100)).toBe(true);
});

test('a new service with a lasting high rate becomes usual within ten minutes', () => {
  const found = detect(journal(steady(40, 0, 3_600, 5)));
  expect(found.length).toBeGreaterThan(0);
  expect(Math.max(...found.map(secondsInto))).toBeLessThan(600);
});

test('one finding per window, with an id that a replay repeats and evidence that names the events', () => {
  const events = journal(steady(2, 0, 30, 1), steady(120, 30, 60, 2));
  const found = detect(events);
  expect(detect(events)).toEqual(found);
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  expect(new Set(found.map(({ evidence }) => evidence.windowStart)).size).toBe(found.length);
  for (const { evidence, time, principal, key } of found) {
    expect([principal, key]).toEqual([ROLE, KEY]);
    expect(evidence.seqs.length).toBeGreaterThanOrEqual(25);
    for (const seq of evidence.seqs) {
      expect(events[seq - 1]!.time >= evidence.windowStart && events[seq - 1]!.time <= time).toBe(true);
    }
  }
  expect(found[0]!.evidence.explanation).toMatch(
    /^\d+ ciphertexts opened in \d+\.\d s from 2026-01-31T12:00:30Z\. Usual for this principal and key is/,
  );
  expect(found[1]!.evidence.explanation).toContain('It began at 2026-01-31T12:00:30Z');
  expect(new Set(found.flatMap(({ triage }) => triage)).size).toBe(found[0]!.triage.length);
  expect(found[0]!.triage.join('\n')).toContain(`aws kms disable-key --key-id ${KEY} --region eu-central-1`);
});

test('sessions of one role are one principal, and its keys are apart', () => {
  const session = (name: string) => `arn:aws:sts::000000000000:assumed-role/billing/${name}`;
  const burst = Array.from({ length: 300 }, (_, at) => ({ at: NOON_S + at / 100, principal: session(`s${at}`) }));
  expect(detect(journal(burst))[0]!.principal).toBe(ROLE);
  const spread = burst.map((traffic, at) => ({ ...traffic, key: `${KEY.slice(0, -2)}${10 + (at % 3)}` }));
  expect(detect(journal(spread))).toEqual([]);
});

test('only opens that succeeded count, and ReEncrypt opens its source key', () => {
  const source = `${KEY.slice(0, -1)}9`;
  const burst = (part: Partial<Traffic>) =>
    journal(Array.from({ length: 300 }, (_, at) => ({ at: NOON_S + at / 100, ...part })));
  expect(detect(burst({ outcome: 'denied' }))).toEqual([]);
  expect(detect(burst({ operation: 'Encrypt' }))).toEqual([]);
  expect(detect(burst({ operation: 'GenerateDataKey' }))).toEqual([]);
  expect(detect(burst({ operation: 'ReEncrypt', sourceKey: source }))[0]!.key).toBe(source);
});

test('events a little out of order count in the open window; a clock set back by a year starts no alarm', () => {
  const shuffled = steady(5, 0, 600, 3).map((traffic, at) => ({ ...traffic, at: traffic.at - (at % 7 === 0 ? 9 : 0) }));
  const numbered = shuffled.map((traffic, at) => call({ ...traffic, seq: at + 1 }));
  expect(detect(numbered)).toEqual([]);
  const back = steady(5, -31_536_000, -31_535_400, 4);
  expect(
    detect([...numbered, ...back.map((traffic, at) => call({ ...traffic, seq: numbered.length + at + 1 }))]),
  ).toEqual([]);
});

test('a name that could end a shell command is quoted, and one that is too long is left out', () => {
  const hostile = "arn:aws:kms:eu-central-1:000000000000:key/x'; rm -rf ~ #";
  const burst = (key: string) =>
    detect(journal(Array.from({ length: 300 }, (_, at) => ({ at: NOON_S + at / 100, key }))))[0]!;
  expect(burst(hostile).triage[1]).toContain(
    `--key-id 'arn:aws:kms:eu-central-1:000000000000:key/x'\\''; rm -rf ~ #' --region`,
  );
  expect(
    burst(`arn:aws:kms:eu-central-1:000000000000:key/${'k'.repeat(1900)}`).triage.every((step) => step.length <= 512),
  ).toBe(true);
});
