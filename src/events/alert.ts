import { z } from 'zod';
import { Arn, AccountId, Digest, Time } from './primitives.ts';
import { Severity } from './finding.ts';

/** What a person receives: one per entity and incident, updated while findings keep coming. */
export const Alert = z.strictObject({
  v: z.literal(1),
  /** SHA-256 of the group key and the first finding's id. */
  id: Digest,
  /** Counts updates of one alert from 1; (id, version) names one delivery. */
  version: z.int().min(1),
  status: z.enum(['open', 'updated', 'closed']),
  severity: Severity,
  route: z.enum(['page', 'ticket', 'digest']),
  title: z.string().max(256),
  account: AccountId,
  region: z.string().max(64),
  key: Arn.optional(),
  principal: Arn.optional(),
  detectors: z.array(z.string().max(64)),
  techniques: z.array(z.string().max(16)),
  firstSeen: Time,
  lastSeen: Time,
  /** Findings folded into this alert so far. */
  count: z.int().min(1),
  findings: z.array(Digest).max(32),
  explanation: z.string().max(4096),
  seqs: z.array(z.int().min(1)).max(32),
  triage: z.array(z.string().max(512)),
});
export type Alert = z.infer<typeof Alert>;
