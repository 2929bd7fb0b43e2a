import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../bench/load/histogram.ts';

test('a quantile is within 1.6 % of the true one, or one microsecond', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.9, 0.99),
      (latencies, q) => {
        const histogram = new Histogram();
        for (const us of latencies) histogram.add(us);
        const sorted = latencies.toSorted((a, b) => a - b);
        const exact = sorted[Math.floor(q * sorted.length)]!;
        expect(Math.abs(histogram.quantileUs(q) - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.016));
      },
    ),
  );
});

test('a histogram that saw nothing has no quantiles', () => {
  const histogram = new Histogram();
  expect([histogram.quantileUs(0.5), histogram.maxUs, histogram.count]).toEqual([0, 0, 0]);
});
