import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIsoMicros, systemClock, toIsoMicros } from '../../../src/base/index.ts';

/** Whole microseconds are exact until June 2255. */
const anyMoment = fc.maxSafeNat();

describe('the system clock', () => {
  test('never goes back, however often it is read', () => {
    let previous = systemClock.nowUs();
    for (let reading = 0; reading < 200_000; reading += 1) {
      const now = systemClock.nowUs();
      if (now < previous) expect.fail(`${previous} was followed by ${now}`);
      previous = now;
    }
  });

  test('agrees with Date.now() to the millisecond', () => {
    const before = Date.now();
    const now = Math.floor(systemClock.nowUs() / 1000);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test('tells whole microseconds', () => {
    expect(Number.isSafeInteger(systemClock.nowUs())).toBe(true);
    expect(Number.isSafeInteger(systemClock.monotonicUs())).toBe(true);
  });

  test('tells moments apart that lie within one millisecond', () => {
    const giveUp = Date.now() + 4_000;
    let earlier = 0;
    let later = systemClock.nowUs();
    while (earlier === later || Math.floor(earlier / 1000) !== Math.floor(later / 1000)) {
      if (Date.now() > giveUp) expect.fail('never told two of them apart');
      [earlier, later] = [later, systemClock.nowUs()];
    }
  });
});

describe('times as text', () => {
  test('have six digits after the second and are UTC', () => {
    expect(toIsoMicros(Date.UTC(2026, 0, 31, 12) * 1000 + 123_456)).toBe('2026-01-31T12:00:00.123456Z');
    expect(toIsoMicros(7)).toBe('1970-01-01T00:00:00.000007Z');
  });

  test('come back as the same microsecond', () => {
    fc.assert(fc.property(anyMoment, (us) => parseIsoMicros(toIsoMicros(us)) === us));
  });

  test('sort as the moments do', () => {
    fc.assert(fc.property(anyMoment, anyMoment, (a, b) => a < b === toIsoMicros(a) < toIsoMicros(b)));
  });

  test('are written alike whichever second was written before', () => {
    const first = toIsoMicros(1_000_000);
    toIsoMicros(99_000_000);
    expect(toIsoMicros(1_000_000)).toBe(first);
  });

  test.each([
    ['no fraction', '2026-01-31T12:00:00Z'],
    ['milliseconds only', '2026-01-31T12:00:00.123Z'],
    ['an offset', '2026-01-31T12:00:00.123456+00:00'],
    ['a month that is none', '2026-13-01T00:00:00.000000Z'],
    ['30 February', '2026-02-30T00:00:00.000000Z'],
    ['29 February of a common year', '2026-02-29T00:00:00.000000Z'],
    ['the 24th hour', '2026-01-31T24:00:00.000000Z'],
    ['a leap second', '2016-12-31T23:59:60.000000Z'],
    ['a line break at the end', '2026-01-31T12:00:00.123456Z\n'],
    ['nothing', ''],
  ])('are refused: %s', (_, text) => {
    expect(parseIsoMicros(text)).toBeUndefined();
  });

  test('29 February of a leap year is a day', () => {
    expect(parseIsoMicros('2028-02-29T00:00:00.000001Z')).toBe(Date.UTC(2028, 1, 29) * 1000 + 1);
  });
});
