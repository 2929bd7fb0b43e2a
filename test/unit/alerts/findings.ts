import { createHash } from 'node:crypto';
import { toIsoMicros } from '../../../src/base/index.ts';
import { Finding, type Severity } from '../../../src/events/index.ts';
import type { AlertStateStore } from '../../../src/alerts/index.ts';

export const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-4333-8444-555555555555';
export const ROLE = 'arn:aws:iam::000000000000:role/billing';
/** 2026-01-31T12:00:00Z in minutes since the epoch. */
export const NOON_MIN = 29_497_680;

export interface About {
  readonly n: number;
  /** Minutes after noon. */
  readonly at: number;
  readonly detector?: string;
  readonly severity?: Severity;
  readonly key?: string;
  readonly principal?: string;
}

export function finding({
  n,
  at,
  detector = 'KL-06',
  severity = 'medium',
  key = KEY,
  principal = ROLE,
}: About): Finding {
  const time = toIsoMicros(Math.round((NOON_MIN + at) * 60e6));
  return Finding.parse({
    v: 1,
    id: createHash('sha256').update(String(n)).digest('hex'),
    detector,
    detectorVersion: 1,
    severity,
    title: `${detector} ${severity}`,
    time,
    account: '000000000000',
    region: 'eu-central-1',
    key,
    principal,
    techniques: ['T1530'],
    evidence: {
      explanation: `what finding ${n} saw`,
      observed: 200,
      expected: 5,
      probability: 1e-9,
      windowStart: time,
      windowEnd: time,
      seqs: [n * 10 + 1, n * 10 + 2, n * 10 + 3, n * 10 + 4],
    },
    triage: ['look', `aws kms disable-key --key-id ${key}`],
  });
}

/** Keeps state in memory; can be told to fail once, before or after the bytes are kept. */
export function memoryState() {
  const kept = new Map<number, { bytes: Uint8Array; offset: number }>();
  const faults: ('before' | 'after')[] = [];
  const store: AlertStateStore = {
    load: (partition) => Promise.resolve(kept.get(partition)),
    save(partition, bytes, offset) {
      const fault = faults.shift();
      if (fault !== 'before') kept.set(partition, { bytes, offset });
      return fault === undefined ? Promise.resolve() : Promise.reject(new Error('disk'));
    },
  };
  return { store, kept, faults };
}

export const items = (findings: readonly Finding[], from = 0) =>
  findings.map((value, at) => ({ offset: from + at, value, bytes: new Uint8Array() }));
