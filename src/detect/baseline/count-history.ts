import { z } from 'zod';

const Amount = z.number().min(0);

/**
 * What is remembered of the counts of past buckets: sums that fade, so that state is a few numbers however long the
 * history. Exposure is in buckets; a bucket of which only a part was watched counts as that part.
 */
export const CountHistory = z.strictObject({
  exposure: Amount,
  sum: Amount,
  squares: Amount,
  /** Largest count that was taken for ordinary; fades much more slowly than the rest. */
  peak: Amount,
});
export type CountHistory = z.infer<typeof CountHistory>;

export const emptyHistory = (): CountHistory => ({ exposure: 0, sum: 0, squares: 0, peak: 0 });

/** How fast the past fades, per bucket. */
export interface Fading {
  readonly keep: number;
  readonly keepPeak: number;
}

/** The factor per step with which a half remains after `halfLife` steps. */
export const keepOf = (halfLife: number): number => 2 ** (-1 / halfLife);

/** Lets `buckets` without any event pass: zeros are observations too. */
export function passIdle(history: CountHistory, buckets: number, fading: Fading): void {
  const keep = fading.keep ** buckets;
  history.exposure = history.exposure * keep + (1 - keep) / (1 - fading.keep);
  history.sum *= keep;
  history.squares *= keep;
  history.peak *= fading.keepPeak ** buckets;
}

/** Learns one bucket. `ordinary` is false for a clipped one: a peak is only what was never doubted. */
export function learn(history: CountHistory, count: number, exposure: number, ordinary: boolean, fading: Fading): void {
  history.exposure = history.exposure * fading.keep + exposure;
  history.sum = history.sum * fading.keep + count;
  history.squares = history.squares * fading.keep + count * count;
  history.peak *= fading.keepPeak;
  if (ordinary && count > history.peak) history.peak = count;
}

/** A negative binomial by mean and dispersion: variance mean + phi mean^2. */
export interface Prediction {
  readonly mean: number;
  readonly phi: number;
}

/** What is believed before anything is seen: a Gamma on the rate (shape and buckets) and a dispersion with its weight. */
export interface Prior {
  readonly shape: number;
  readonly exposure: number;
  readonly phi: number;
  /** In buckets: after so many, history and prior have the same say about dispersion. */
  readonly phiWeight: number;
}

/**
 * What the next bucket should hold. Two kinds of spread add up: that of the traffic itself (moments of what was learnt,
 * in which doubted buckets are clipped, shrunk to the prior while few) and that of not knowing the rate well: a
 * Gamma-Poisson mixture is a negative binomial with dispersion 1/shape, so a short history widens it by itself.
 */
export function predict(history: CountHistory, prior: Prior): Prediction {
  const shape = prior.shape + history.sum;
  const mean = shape / (prior.exposure + history.exposure);
  return { mean, phi: dispersion(history, prior) + 1 / shape };
}

function dispersion({ exposure, sum, squares }: CountHistory, prior: Prior): number {
  if (sum <= 0) return prior.phi;
  const mean = sum / exposure;
  const own = Math.max(0, (squares / exposure - mean * mean - mean) / (mean * mean));
  return (own * exposure + prior.phi * prior.phiWeight) / (exposure + prior.phiWeight);
}

export const standardDeviation = ({ mean, phi }: Prediction): number => Math.sqrt(mean + phi * mean * mean);
