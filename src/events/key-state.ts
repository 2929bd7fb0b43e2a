import { z } from 'zod';
import { AccountId, AliasName, Arn, Digest, KeyId, Time } from './primitives.ts';

/** The current state of one key, as the compacted topic `keyledger.key-state` and the table `key_state` carry it. */
export const KeyStateRow = z.strictObject({
  v: z.literal(1),
  /** Journal position of the last event folded in. */
  seq: z.int().min(1),
  arn: Arn,
  keyId: KeyId,
  account: AccountId,
  region: z.string().max(64),
  spec: z.string().max(64),
  usage: z.string().max(64),
  origin: z.string().max(64),
  state: z.enum(['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport', 'Unavailable', 'Deleted']),
  description: z.string().max(8192),
  multiRegion: z.boolean(),
  policyDigest: Digest,
  tags: z.record(z.string(), z.string()),
  aliases: z.array(AliasName),
  version: z.int().min(1),
  rotationPeriodDays: z.int().optional(),
  nextRotationAt: Time.optional(),
  lastRotatedAt: Time.optional(),
  deleteAt: Time.optional(),
  createdAt: Time,
});
export type KeyStateRow = z.infer<typeof KeyStateRow>;
