import { gammaln } from 'simple-statistics';

// Upper tails P(X >= x) of counts, in natural logarithms, far beyond where a double underflows. Built on `gammaln` alone:
// the library's own Poisson stops at a cumulative 0.9999 and its normal table at 0.999, so neither has a tail.

const PRECISION = 1e-15;
const TINY = 1e-300;
const MAX_TERMS = 100_000;
/** Below this dispersion a negative binomial is a Poisson to more digits than `gammaln` keeps for so large an r. */
const POISSON_BELOW = 1e-7;

/** ln(1 - e^a) for a <= 0 without losing the small end (Maechler 2012). */
const logOneMinusExp = (a: number): number => (a > -Math.LN2 ? Math.log(-Math.expm1(a)) : Math.log1p(-Math.exp(a)));

/** ln P(X >= x) for X ~ Poisson(mu). */
export function logPoissonTail(x: number, mu: number): number {
  if (x <= 0) return 0;
  if (mu <= 0) return -Infinity;
  const logPmf = (k: number): number => k * Math.log(mu) - mu - gammaln(k + 1);
  let term = 1;
  let sum = 1;
  if (x > mu) {
    for (let k = x + 1; term > sum * PRECISION && k < x + MAX_TERMS; k += 1) sum += term *= mu / k;
    return Math.min(0, logPmf(x) + Math.log(sum));
  }
  // Below the mean the complement is the short sum.
  for (let k = x - 1; k > 0 && term > sum * PRECISION; k -= 1) sum += term *= k / mu;
  return logOneMinusExp(Math.min(0, logPmf(x - 1) + Math.log(sum)));
}

/** The continued fraction of the incomplete beta function, by the modified Lentz method (DLMF 8.17.22). */
function betaFraction(a: number, b: number, y: number): number {
  const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * y) / (a + 1));
  let fraction = d;
  for (let m = 1; m < MAX_TERMS; m += 1) {
    const even = (m * (b - m) * y) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * y) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return fraction;
}

/**
 * ln P(X >= x) for X negative binomial with mean `mu` and variance mu + phi mu^2. It is the regularised incomplete beta
 * function I_q(x, r) with r = 1/phi and q = mu/(r + mu) (DLMF 8.17.5).
 */
export function logNegativeBinomialTail(x: number, mu: number, phi: number): number {
  if (x <= 0) return 0;
  if (mu <= 0) return -Infinity;
  if (phi < POISSON_BELOW) return logPoissonTail(x, mu);
  const r = 1 / phi;
  const q = mu / (r + mu);
  const logFront = x * Math.log(q) - r * Math.log1p(mu / r) + gammaln(x + r) - gammaln(x) - gammaln(r);
  // The fraction converges fast on this side of the mean; on the other, the complement does.
  if (q < (x + 1) / (x + r + 2)) return Math.min(0, logFront + Math.log(betaFraction(x, r, q) / x));
  return logOneMinusExp(Math.min(0, logFront + Math.log(betaFraction(r, x, 1 - q) / r)));
}

/** The smallest whole x of at least `from` whose tail is below `logP`; the tail must fall as x grows. */
export function tailQuantile(logTail: (x: number) => number, logP: number, from: number): number {
  let low = Math.max(0, Math.ceil(from));
  if (logTail(low) < logP) return low;
  let step = 1;
  while (logTail(low + step) >= logP) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (logTail(middle) < logP) high = middle;
    else low = middle;
  }
  return high;
}
