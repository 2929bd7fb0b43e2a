import { toIsoMicros } from '../../../src/base/index.ts';
import type { Change, KeyEvent } from '../../../src/events/index.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-central-1';
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
export const keyArn = (name: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${name}`;
export const at = (seq: number): string => toIsoMicros(1_790_000_000_000_000 + seq * 1000);
export const digest = (fill: string): string => fill.repeat(64).slice(0, 64);

/** An event at a position, with the least that an event needs. */
export function event(seq: number, given: Partial<KeyEvent> = {}): KeyEvent {
  return {
    v: 1,
    id: `0190a0a0-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`,
    seq,
    time: at(seq),
    operation: 'CreateKey',
    kind: 'management',
    outcome: 'success',
    region: REGION,
    actor: { arn: ROOT, type: 'root', account: ACCOUNT },
    origin: {},
    request: {},
    timing: { totalUs: 1, queueUs: 0, cryptoUs: 0, commitUs: 0 },
    trace: { requestId: `request-${seq}` },
    changes: [],
    ...given,
  };
}

export const keyRef = (name: string): NonNullable<KeyEvent['key']> => ({
  arn: keyArn(name),
  account: ACCOUNT,
  region: REGION,
});

export const changed = (seq: number, name: string, ...changes: Change[]): KeyEvent =>
  event(seq, { key: keyRef(name), changes });

export const created = (name: string, origin = 'AWS_KMS'): Change => ({
  type: 'KeyCreated',
  v: 1,
  key: keyArn(name),
  keyId: name,
  account: ACCOUNT,
  region: REGION,
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin,
  description: '',
  multiRegion: false,
  policy: { digest: digest('a') },
  tags: {},
  materialId: digest('b'),
  at: at(0),
});
