import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logNegativeBinomialTail, logPoissonTail, tailQuantile } from '../../../src/detect/baseline/tails.ts';

/** The definition, term by term from 0; exact enough where the tail is not small. */
function direct(x: number, pmf0: number, ratio: (k: number) => number): number {
  let term = pmf0;
  let below = 0;
  for (let k = 0; k < x; k += 1) {
    below += term;
    term *= ratio(k);
  }
  return 1 - below;
}

test('Poisson tails have the published values', () => {
  // P(X >= 10 | 3), P(X >= 1 | 0.001), P(X >= 100 | 50), P(X >= 20 | 20): 50-digit sums.
  expect(Math.exp(logPoissonTail(10, 3))).toBeCloseTo(0.0011024881301, 12);
  expect(Math.exp(logPoissonTail(1, 0.001))).toBeCloseTo(1 - Math.exp(-0.001), 15);
  expect(Math.exp(logPoissonTail(20, 20))).toBeCloseTo(0.5297427331607, 10);
  expect(logPoissonTail(0, 5)).toBe(0);
  expect(logPoissonTail(1, 0)).toBe(-Infinity);
});

test('tails go on where a double has long underflowed', () => {
  // ln of the first term is a lower bound, and twice it an upper one, so far above the mean.
  const log = logPoissonTail(10_000, 5);
  expect(log).toBeLessThan(-65_000);
  expect(Number.isFinite(log)).toBe(true);
  expect(Number.isFinite(logNegativeBinomialTail(1_000_000, 5, 0.1))).toBe(true);
});

test('a geometric distribution is a negative binomial with dispersion 1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.05, max: 200, noNaN: true }), (x, mean) => {
      expect(logNegativeBinomialTail(x, mean, 1)).toBeCloseTo(x * Math.log(mean / (1 + mean)), 8);
    }),
  );
});

test('the tails agree with their definition', () => {
  const mean = fc.double({ min: 0.1, max: 60, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 120 }), mean, (x, mu) => {
      const exact = direct(x, Math.exp(-mu), (k) => mu / (k + 1));
      expect(Math.exp(logPoissonTail(x, mu))).toBeCloseTo(exact, 11);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), mean, fc.double({ min: 0.01, max: 5, noNaN: true }), (x, mu, phi) => {
      const r = 1 / phi;
      const exact = direct(x, (r / (r + mu)) ** r, (k) => ((k + r) / (k + 1)) * (mu / (r + mu)));
      expect(Math.exp(logNegativeBinomialTail(x, mu, phi))).toBeCloseTo(exact, 10);
    }),
  );
});

test('a vanishing dispersion is a Poisson, and more dispersion is a heavier far tail', () => {
  expect(logNegativeBinomialTail(80, 40, 1e-6)).toBeCloseTo(logPoissonTail(80, 40), 2);
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 100, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (mu, phi) => {
        const far = Math.ceil(mu * 5 + 20);
        expect(logNegativeBinomialTail(far, mu, phi * 2)).toBeGreaterThan(logNegativeBinomialTail(far, mu, phi));
      },
    ),
  );
});

test('the quantile is the first count whose tail is below the probability', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 5000, noNaN: true }),
      fc.double({ min: 0.01, max: 3, noNaN: true }),
      fc.double({ min: -60, max: -2, noNaN: true }),
      (mu, phi, logP) => {
        const tail = (x: number) => logNegativeBinomialTail(x, mu, phi);
        const x = tailQuantile(tail, logP, 0);
        expect(tail(x)).toBeLessThan(logP);
        if (x > 0) expect(tail(x - 1)).toBeGreaterThanOrEqual(logP);
      },
    ),
  );
});
