import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidv4, uuidv7 } from '../../../src/base/index.ts';

const MAX_48_BITS = 2 ** 48 - 1;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('an id has the layout of RFC 9562, section 5.7, at any time that fits in 48 bits', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: MAX_48_BITS }), (ms) => UUID_V7.test(uuidv7(ms))));
});

test('an id carries its millisecond, the fraction dropped', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 42 }), (ms) => {
      const carried = Number.parseInt(
        uuidv7(ms + 0.999)
          .replaceAll('-', '')
          .slice(0, 12),
        16,
      );
      return carried === ms;
    }),
  );
});

test('the first 48 bits of the sample in RFC 9562, appendix A.6, come from its time', () => {
  expect(uuidv7(0x017f22e279b0)).toMatch(/^017f22e2-79b0-7/);
});

test('ids of later milliseconds sort later', () => {
  const time = fc.integer({ min: 0, max: MAX_48_BITS });
  fc.assert(fc.property(time, time, (a, b) => a === b || a < b === uuidv7(a) < uuidv7(b)));
});

test('ids of one millisecond differ, well past the point where the random pool is refilled', () => {
  const ids = new Set(Array.from({ length: 20_000 }, () => uuidv7(1)));
  expect(ids.size).toBe(20_000);
});

test('each of the 74 random bits takes both values', () => {
  const zero = Array.from({ length: 32 }, () => 0);
  const ones = Array.from({ length: 32 }, () => 0);
  for (let count = 0; count < 500; count += 1) {
    const digits = uuidv7(0).replaceAll('-', '');
    for (let at = 12; at < 32; at += 1) {
      const digit = Number.parseInt(digits[at]!, 16);
      zero[at] = zero[at]! | (~digit & 0xf);
      ones[at] = ones[at]! | digit;
    }
  }
  const random = (at: number): number => (at === 12 ? 0 : at === 16 ? 0x3 : 0xf);
  for (let at = 12; at < 32; at += 1) expect([at, zero[at]! & ones[at]!]).toEqual([at, random(at)]);
});

test('a version 4 id is random and says so', () => {
  expect(uuidv4()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidv4()).not.toBe(uuidv4());
});
