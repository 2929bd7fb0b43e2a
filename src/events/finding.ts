import { z } from 'zod';
import { Arn, AccountId, Digest, Time } from './primitives.ts';

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** What a detector claims: derived from events alone, so that a replay gives the same finding with the same id. */
export const Finding = z.strictObject({
  v: z.literal(1),
  /** SHA-256 of detector, detector version, entity and window: the same cause has the same id. */
  id: Digest,
  detector: z.string().max(64),
  detectorVersion: z.int().min(1),
  severity: Severity,
  title: z.string().max(256),
  /** Event time of the event that completed the evidence. */
  time: Time,
  account: AccountId,
  region: z.string().max(64),
  key: Arn.optional(),
  principal: Arn.optional(),
  /** ATT&CK technique ids. */
  techniques: z.array(z.string().max(16)),
  evidence: z.strictObject({
    /** In words for a person: what is usual, what was seen. */
    explanation: z.string().max(2048),
    observed: z.number(),
    expected: z.number(),
    /** Probability of the observation under the entity's own baseline. */
    probability: z.number().min(0).max(1),
    windowStart: Time,
    windowEnd: Time,
    /** First and last event, and a sample in between (at most 32). */
    seqs: z.array(z.int().min(1)).max(32),
  }),
  /** What to do, in order. */
  triage: z.array(z.string().max(512)),
});
export type Finding = z.infer<typeof Finding>;
