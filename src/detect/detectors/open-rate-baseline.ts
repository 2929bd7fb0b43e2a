import { z } from 'zod';
import {
  CountHistory,
  emptyHistory,
  keepOf,
  learn,
  passIdle,
  predict,
  standardDeviation,
  type Fading,
  type Prediction,
  type Prior,
} from '../baseline/count-history.ts';
import { logNegativeBinomialTail, tailQuantile } from '../baseline/tails.ts';

/** Buckets are short so that a burst is seen within seconds. */
export const BUCKET_US = 10_000_000;
const BUCKETS_PER_MINUTE = 6;
/** An incident ends after half an hour without a window above the line. */
const INCIDENT_GAP = 30 * BUCKETS_PER_MINUTE;
/** Commits may carry event times slightly out of order; what is older than this is a clock that was set back. */
const LATE = BUCKETS_PER_MINUTE;
const SAMPLE = 31;
/** A doubted bucket still teaches this much, so that a lasting change becomes usual in the end, but not in one step. */
const CLIP_DEVIATIONS = 2;

/** Half an event per five seconds at a guess, worth a tenth of a bucket; a spread of a third of the mean. */
const PRIOR: Prior = { shape: 0.5, exposure: 0.1, phi: 0.1, phiWeight: 30 };

/** Where the line is drawn. The defaults are argued in the detector's claim and in the comments here. */
export const OpenRateSettings = z.strictObject({
  /** No window below this many opens is a finding: what could be taken with it is small. */
  floor: z.int().min(1).default(50),
  /** Times the level: a doubling or tripling is business. */
  ratio: z.number().min(1).default(4),
  /** Times the highest ordinary window of the last days: it keeps scheduled bursts quiet. */
  peakRatio: z.number().min(1).default(1.5),
  /** While the history is short there is an absolute line instead of the floor: 20 a second... */
  coldFloor: z.int().min(1).default(200),
  /** ...and five times anything seen. */
  coldRatio: z.number().min(1).default(5),
  /** How long a history is short. */
  coldMinutes: z.number().min(0).default(60),
  /** Probability below which a window is not chance: 0.05 false pages a month over 260,000 windows and several families. */
  tail: z.number().gt(0).lt(1).default(1e-8),
  /** Of the level. Shorter follows the day; longer is harder to poison. */
  halfLifeHours: z.number().gt(0).default(6),
  /** Of the highest ordinary window: a week, for weekly jobs. */
  peakHalfLifeHours: z
    .number()
    .gt(0)
    .default(7 * 24),
});
export type OpenRateSettings = z.infer<typeof OpenRateSettings>;

const Bucket = z.int();
const Count = z.int().min(0);

/** One pair of principal and key: its past, the bucket being filled, and the incident it may be in. */
export const OpenRateBaseline = z.strictObject({
  history: CountHistory,
  /** Number of the bucket in which the pair was first seen. */
  since: Bucket,
  /** Number of the open bucket since the epoch; -1 before the first event. */
  bucket: Bucket,
  /** The part of the open bucket that is watched: less than 1 only for the first. */
  share: z.number().min(0).max(1),
  count: Count,
  /** Count at which the open bucket becomes a finding. */
  line: Count,
  /** Whether the line includes the tail of the prediction, which is computed only when a count gets near. */
  exact: z.boolean(),
  /** Whether the open bucket has been told. */
  told: z.boolean(),
  sample: z.array(z.int().min(1)).max(SAMPLE),
  /** Its first and last told bucket, and the opens of those before the open one. */
  incident: z.strictObject({ first: Bucket, last: Bucket, opens: Count }).nullable(),
});
export type OpenRateBaseline = z.infer<typeof OpenRateBaseline>;

export const unseenPair = (): OpenRateBaseline => ({
  history: emptyHistory(),
  since: -1,
  bucket: -1,
  share: 0,
  count: 0,
  line: 0,
  exact: false,
  told: false,
  sample: [],
  incident: null,
});

/** What is derived from settings once. */
export interface Rules {
  readonly settings: OpenRateSettings;
  readonly fading: Fading;
  readonly logTail: number;
  readonly coldBuckets: number;
}

export function rulesOf(settings: OpenRateSettings): Rules {
  const buckets = (hours: number): number => hours * 60 * BUCKETS_PER_MINUTE;
  return {
    settings,
    fading: { keep: keepOf(buckets(settings.halfLifeHours)), keepPeak: keepOf(buckets(settings.peakHalfLifeHours)) },
    logTail: Math.log(settings.tail),
    coldBuckets: settings.coldMinutes * BUCKETS_PER_MINUTE,
  };
}

export const prediction = (pair: OpenRateBaseline): Prediction => predict(pair.history, PRIOR);
export const isCold = (pair: OpenRateBaseline, rules: Rules): boolean => pair.bucket - pair.since < rules.coldBuckets;

/** Counts one open into its bucket; true when that makes the bucket a finding, once per bucket. */
export function countOpen(pair: OpenRateBaseline, timeUs: number, seq: number, rules: Rules): boolean {
  moveTo(pair, timeUs, rules);
  // Evenly spread over the way to the line, so that quiet pairs keep few.
  if (pair.sample.length < SAMPLE && pair.count % Math.ceil(pair.line / SAMPLE) === 0) pair.sample.push(seq);
  pair.count += 1;
  if (pair.told || pair.count < pair.line) return false;
  if (!pair.exact) {
    const { mean, phi } = prediction(pair);
    pair.line = tailQuantile((x) => logNegativeBinomialTail(x, mean, phi), rules.logTail, pair.line);
    pair.exact = true;
    if (pair.count < pair.line) return false;
  }
  pair.told = true;
  pair.incident ??= { first: pair.bucket, last: pair.bucket, opens: 0 };
  pair.incident.last = pair.bucket;
  return true;
}

function moveTo(pair: OpenRateBaseline, timeUs: number, rules: Rules): void {
  const bucket = Math.floor(timeUs / BUCKET_US);
  if (pair.bucket === -1) {
    pair.since = bucket;
    open(pair, bucket, 1 - (timeUs - bucket * BUCKET_US) / BUCKET_US, rules);
  } else if (bucket > pair.bucket) {
    close(pair, bucket, rules);
    open(pair, bucket, 1, rules);
  } else if (bucket < pair.bucket - LATE) {
    // The clock was set back: what is remembered keeps its age, the bucket that will never be finished is dropped.
    pair.since += bucket - pair.bucket;
    pair.incident = null;
    open(pair, bucket, 1, rules);
  }
}

function close(pair: OpenRateBaseline, next: number, { fading }: Rules): void {
  const { history, incident } = pair;
  if (pair.told) {
    const predicted = prediction(pair);
    const clipped = Math.min(pair.count, predicted.mean + CLIP_DEVIATIONS * standardDeviation(predicted));
    learn(history, clipped, pair.share, false, fading);
    if (incident !== null) incident.opens += pair.count;
  } else {
    learn(history, pair.count, pair.share, true, fading);
  }
  const idle = next - pair.bucket - 1;
  if (idle > 0) passIdle(history, idle, fading);
  if (incident !== null && next - incident.last > INCIDENT_GAP) pair.incident = null;
}

function open(pair: OpenRateBaseline, bucket: number, share: number, rules: Rules): void {
  pair.bucket = bucket;
  pair.share = share;
  pair.count = 0;
  pair.exact = false;
  pair.told = false;
  if (pair.sample.length > 0) pair.sample = [];
  const { settings } = rules;
  const usual = settings.ratio * prediction(pair).mean;
  const { peak } = pair.history;
  pair.line = Math.ceil(
    isCold(pair, rules)
      ? Math.max(settings.coldFloor, usual, settings.coldRatio * peak)
      : Math.max(settings.floor, usual, settings.peakRatio * peak),
  );
}
