import { toIsoMicros } from '../../base/index.ts';
import type { Finding, KeyEvent, KeyRef } from '../../events/index.ts';
import { logNegativeBinomialTail } from '../baseline/tails.ts';
import type { Claim, Detector } from '../detector.ts';
import { eventTimeUs } from '../event-time.ts';
import { findingId } from '../finding-id.ts';
import { openedKey } from '../opens.ts';
import { foldPrincipal } from '../principal.ts';
import { shellWord } from '../shell-word.ts';
import {
  BUCKET_US,
  countOpen,
  isCold,
  OpenRateBaseline,
  OpenRateSettings,
  prediction,
  rulesOf,
  unseenPair,
  type Rules,
} from './open-rate-baseline.ts';

const claim: Claim = {
  id: 'KL-06',
  title: 'Decrypt rate far above what this principal usually does with this key',
  version: 1,
  // A rate alone is never sure enough to wake somebody: public labelled series give one to three false episodes a month.
  severity: 'medium',
  techniques: ['T1555.006', 'T1530'],
  falsePositives: [
    'A restore, migration or re-encryption that nobody announced.',
    'A new service that starts at more than 20 opens a second: told until its rate has become its own usual, minutes.',
    'A scheduled job much larger than anything the pair does otherwise: hours of the week are not told apart.',
  ],
  blindSpots: [
    'A thief who stays below four times the usual rate, or below 50 opens in 10 s (20 a second in the first hour).',
    'A slow ramp: whatever stays below the line is learnt. Slow leaks are the business of KL-14.',
    'Many principals who each take a little.',
    'Data keys that were opened before and are reused outside: one Decrypt can stand for many files.',
    'Opens by ReEncrypt are counted where its destination key is; its source key is profiled there too.',
  ],
  triage: [
    'Ask the owner of the principal whether a batch, restore or migration began at that time.',
    'If not: disable the key (every use stops, reversible), or deny kms:Decrypt to the principal in the key policy.',
    'Replace the credentials of the principal.',
    'Take every data key opened in the window for known to the thief: encrypt that data under new keys.',
  ],
};

const NONE: readonly Finding[] = [];

/**
 * KL-06: opens (Decrypt, ReEncrypt source) per principal and key in buckets of 10 s of event time, against the pair's own
 * recent history. A bucket is judged while it grows: the finding leaves with the event that crosses the line, once per
 * bucket; while a burst lasts each bucket is a finding of its own.
 */
export function openRate(settings: OpenRateSettings = OpenRateSettings.parse({})): Detector<OpenRateBaseline> {
  const rules = rulesOf(settings);
  return {
    claim,
    baseline: OpenRateBaseline,
    scope(event) {
      const key = openedKey(event);
      return key === undefined ? undefined : entityOf(event, key);
    },
    initial: unseenPair,
    observe(pair, event) {
      const key = openedKey(event);
      const timeUs = eventTimeUs(event.time);
      if (key === undefined || timeUs === undefined) return [pair, NONE];
      return [pair, countOpen(pair, timeUs, event.seq, rules) ? [findingOf(pair, event, key, timeUs, rules)] : NONE];
    },
  };
}

const entityOf = (event: KeyEvent, key: KeyRef): string => `${foldPrincipal(event.actor.arn)}\n${key.arn}`;

function findingOf(pair: OpenRateBaseline, event: KeyEvent, key: KeyRef, timeUs: number, rules: Rules): Finding {
  const { mean, phi } = prediction(pair);
  const windowStart = toIsoMicros(pair.bucket * BUCKET_US);
  const principal = foldPrincipal(event.actor.arn);
  // Never 0: a probability that underflows is small, not impossible.
  const probability = Math.max(1e-300, Math.exp(logNegativeBinomialTail(pair.count, mean, phi)));
  return {
    v: 1,
    id: findingId(claim, entityOf(event, key), windowStart),
    detector: claim.id,
    detectorVersion: claim.version,
    severity: claim.severity,
    title: claim.title,
    time: event.time,
    account: key.account,
    region: key.region,
    key: key.arn,
    principal,
    techniques: [...claim.techniques],
    evidence: {
      explanation: explain(pair, timeUs, probability, rules),
      observed: pair.count,
      expected: Number(mean.toPrecision(4)),
      probability: Number(probability.toPrecision(3)),
      windowStart,
      windowEnd: toIsoMicros((pair.bucket + 1) * BUCKET_US),
      seqs: [...new Set([...pair.sample, event.seq])],
    },
    // The same through an incident, so that an alert made of many findings has each step once.
    triage: triageOf(principal, key, clockTime(pair.incident?.first ?? pair.bucket)),
  };
}

const clockTime = (bucket: number): string => `${toIsoMicros(bucket * BUCKET_US).slice(0, 19)}Z`;

function span(buckets: number): string {
  const minutes = Math.round(buckets / 6);
  if (minutes < 2) return `${buckets * 10} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

function explain(pair: OpenRateBaseline, timeUs: number, probability: number, rules: Rules): string {
  const { mean } = prediction(pair);
  const { history, incident } = pair;
  const seconds = Math.min(10, Math.max(0.1, (timeUs - pair.bucket * BUCKET_US) / 1e6));
  const age = pair.bucket - pair.since;
  const usual =
    age === 0
      ? 'This principal had never opened anything under this key.'
      : `Usual for this principal and key is ${mean.toPrecision(2)} in 10 s, at most ${Math.round(history.peak)} ` +
        `(known for ${span(age)}).`;
  const line = isCold(pair, rules)
    ? `The history is short, so the line was ${pair.line} in 10 s.`
    : `The line was ${pair.line} in 10 s; chance alone would cross it with probability ${probability.toExponential(0)}.`;
  const lasting =
    incident === null || incident.first === pair.bucket
      ? ''
      : ` It began at ${clockTime(incident.first)}: ${incident.opens + pair.count} opens since then in windows above the line.`;
  return `${pair.count} ciphertexts opened in ${seconds.toFixed(1)} s from ${clockTime(pair.bucket)}. ${usual} ${line}${lasting}`;
}

const STEP_LIMIT = 512;

function triageOf(principal: string, key: KeyRef, began: string): string[] {
  const target = `--key-id ${shellWord(key.arn)} --region ${shellWord(key.region)}`;
  const steps = [
    `Ask the owner of ${principal} whether a batch, restore or migration began at ${began}.`,
    `Not expected? Stop every use of the key (undo with enable-key): aws kms disable-key ${target}`,
    `Or shut out this principal alone: aws kms get-key-policy ${target} --policy-name default --query Policy --output text ` +
      '> policy.json, add a Deny of kms:Decrypt and kms:ReEncryptFrom for it, then put-key-policy.',
    'Replace the credentials of the principal.',
    'Take every data key opened since then for known to the thief: encrypt that data under new keys.',
  ];
  // A name too long for a step would be cut, and a cut command is a wrong one: the general step says the same without it.
  return steps.map((step, at) => (step.length <= STEP_LIMIT ? step : (claim.triage[Math.min(at, 1)] ?? claim.title)));
}
