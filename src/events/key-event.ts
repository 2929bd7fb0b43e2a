import { z } from 'zod';
import { Change } from './changes.ts';
import { Arn, AccountId, Digest, Micros, Time } from './primitives.ts';

/** How an operation ended. `invalid` is the caller's mistake, `failed` is ours. */
export const Outcome = z.enum(['success', 'denied', 'throttled', 'invalid', 'failed']);
export type Outcome = z.infer<typeof Outcome>;

/** `data` uses a key, `management` changes or describes one, `system` is Keyledger's own work. */
export const Kind = z.enum(['data', 'management', 'system']);
export type Kind = z.infer<typeof Kind>;

/** Who asked. */
export const Actor = z.strictObject({
  arn: Arn,
  type: z.enum(['root', 'user', 'role', 'assumed-role', 'service', 'system', 'operator', 'unknown']),
  account: AccountId,
  accessKeyId: z.string().max(128).optional(),
  /** Role session name. */
  session: z.string().max(64).optional(),
  /** Subject of the identity provider, where a federated token was exchanged. */
  subject: z.string().max(256).optional(),
});
export type Actor = z.infer<typeof Actor>;

/** Where the request came from. */
export const Origin = z.strictObject({
  ip: z.string().max(64).optional(),
  userAgent: z.string().max(512).optional(),
  tls: z.string().max(64).optional(),
  viaService: z.string().max(128).optional(),
});
export type Origin = z.infer<typeof Origin>;

/** The key an operation was about. */
export const KeyRef = z.strictObject({
  arn: Arn,
  account: AccountId,
  region: z.string().max(64),
  spec: z.string().max(64).optional(),
  /** Backing key version that was used, counted from 1. */
  version: z.int().min(1).optional(),
  /** The alias by which the caller named the key. */
  alias: z.string().max(256).optional(),
});
export type KeyRef = z.infer<typeof KeyRef>;

/** What allowed or denied the operation. Told to the owner of the log, never to the caller. */
export const Decision = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  by: z.enum(['key-policy', 'iam-policy', 'permission-boundary', 'session-policy', 'grant', 'implicit', 'service']),
  sid: z.string().max(256).optional(),
  policyDigest: Digest.optional(),
  grantId: z.string().max(128).optional(),
});
export type Decision = z.infer<typeof Decision>;

/** Keyed fingerprints of ciphertext blobs: the same blob has the same fingerprint, and nobody can compute it outside. */
export const CiphertextRef = z.strictObject({
  in: z.string().max(64).optional(),
  out: z.string().max(64).optional(),
});

/**
 * Where the time went, in microseconds. An event cannot contain the duration of its own commit: `commitUs` is that of
 * the group before it (docs/decisions/0003), and `totalUs` includes it.
 */
export const Timing = z.strictObject({ totalUs: Micros, queueUs: Micros, cryptoUs: Micros, commitUs: Micros });
export type Timing = z.infer<typeof Timing>;

const EncryptionContext = z.record(z.string(), z.string());

/** One attempted operation, refused and failed ones included. Strict: an unknown field is a bug, not a leak. */
export const KeyEvent = z.strictObject({
  v: z.literal(1),
  id: z.uuidv7(),
  /** Position in the journal, from 1, without gaps. */
  seq: z.int().min(1),
  time: Time,
  operation: z.string().min(1).max(64),
  kind: Kind,
  outcome: Outcome,
  errorCode: z.string().max(64).optional(),
  /** Region of the signature's scope. */
  region: z.string().max(64),
  actor: Actor,
  origin: Origin,
  key: KeyRef.optional(),
  /** The other key of ReEncrypt: the one the ciphertext came from. */
  sourceKey: KeyRef.optional(),
  /** The operation's own parameters; never plaintext, ciphertext or key bytes. */
  request: z.record(z.string(), z.json()),
  encryptionContext: EncryptionContext.optional(),
  sourceEncryptionContext: EncryptionContext.optional(),
  decision: Decision.optional(),
  ciphertext: CiphertextRef.optional(),
  timing: Timing,
  trace: z.strictObject({ requestId: z.string().max(64), traceparent: z.string().max(64).optional() }),
  /** Facts that state is folded from; empty for most events. */
  changes: z.array(Change),
});
export type KeyEvent = z.infer<typeof KeyEvent>;
