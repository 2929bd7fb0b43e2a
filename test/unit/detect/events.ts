import { toIsoMicros, uuidv7 } from '../../../src/base/index.ts';
import { KeyEvent, type Outcome } from '../../../src/events/index.ts';

export const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-4333-8444-555555555555';
export const ROLE = 'arn:aws:iam::000000000000:role/billing';
/** 2026-01-31T12:00:00Z, the beginning of a bucket. */
export const NOON_S = 1_769_860_800;

export interface Call {
  readonly seq: number;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly principal?: string;
  readonly operation?: string;
  readonly outcome?: Outcome;
  readonly key?: string;
  readonly sourceKey?: string;
}

const keyRef = (arn: string) => ({ arn, account: '000000000000', region: 'eu-central-1' });

const valid = new Map<string, KeyEvent>();

/** One event. The schema is applied once per kind of call, so that tests cannot drift from the contract. */
export function call({ seq, at, ...rest }: Call): KeyEvent {
  const { principal = ROLE, operation = 'Decrypt', outcome = 'success', key = KEY, sourceKey } = rest;
  const kind = [principal, operation, outcome, key, sourceKey].join(' ');
  const time = toIsoMicros(Math.round(at * 1e6));
  const known = valid.get(kind);
  if (known !== undefined) return { ...known, seq, time };
  const event = KeyEvent.parse({
    v: 1,
    id: uuidv7(at * 1000),
    seq,
    time,
    operation,
    kind: 'data',
    outcome,
    region: 'eu-central-1',
    actor: { arn: principal, type: 'role', account: '000000000000' },
    origin: {},
    key: keyRef(key),
    ...(sourceKey === undefined ? {} : { sourceKey: keyRef(sourceKey) }),
    request: {},
    timing: { totalUs: 1, queueUs: 0, cryptoUs: 0, commitUs: 0 },
    trace: { requestId: 'r' },
    changes: [],
  });
  valid.set(kind, event);
  return event;
}

/** Deterministic uniform numbers (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Times, in seconds, of Poisson traffic at `rate` per second from `from` until `to`. */
export function poisson(rate: number, from: number, to: number, next: () => number): number[] {
  const times: number[] = [];
  for (let at = from - Math.log(1 - next()) / rate; at < to; at -= Math.log(1 - next()) / rate) times.push(at);
  return times;
}

export type Traffic = Omit<Call, 'seq'>;

/** Several streams of calls as one journal: by time, numbered from 1. */
export const journal = (...streams: (readonly Traffic[])[]) =>
  streams
    .flat()
    .sort((one, other) => one.at - other.at)
    .map((traffic, index) => call({ ...traffic, seq: index + 1 }));
