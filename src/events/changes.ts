import { z } from 'zod';
import { AccountId, AliasName, Arn, Digest, KeyId, Time } from './primitives.ts';

/**
 * A document that state depends on. `text` is absent when it is too large for a ledger entry (65,535 bytes): it then lies
 * in the journal's side-car under its digest.
 */
export const DocumentRef = z.strictObject({ digest: Digest, text: z.string().optional() });
export type DocumentRef = z.infer<typeof DocumentRef>;

const v = z.literal(1);
const key = Arn;
const GrantId = z.string().regex(/^[0-9a-f]{64}$/, 'a grant id is 64 hex digits');
const Pairs = z.record(z.string(), z.string());
const Tags = z.record(z.string().min(1).max(128), z.string().max(256));

/** Facts, in the past tense. State is `fold(changes)`. `key` is always the key's ARN. */
export const Change = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('KeyCreated'),
    v,
    key,
    keyId: KeyId,
    account: AccountId,
    region: z.string().max(64),
    spec: z.string().max(64),
    usage: z.string().max(64),
    origin: z.string().max(64),
    description: z.string().max(8192),
    multiRegion: z.boolean(),
    policy: DocumentRef,
    tags: Tags,
    /** Absent for a key whose material is to be imported. */
    materialId: Digest.optional(),
    at: Time,
  }),
  z.strictObject({ type: z.literal('KeyDescriptionChanged'), v, key, description: z.string().max(8192) }),
  z.strictObject({ type: z.literal('KeyEnabled'), v, key }),
  z.strictObject({ type: z.literal('KeyDisabled'), v, key }),
  z.strictObject({
    type: z.literal('KeyDeletionScheduled'),
    v,
    key,
    deleteAt: Time,
    windowDays: z.int().min(7).max(30),
  }),
  z.strictObject({ type: z.literal('KeyDeletionCancelled'), v, key }),
  /** The material is destroyed; the history stays. */
  z.strictObject({ type: z.literal('KeyDeleted'), v, key }),
  z.strictObject({ type: z.literal('PolicyChanged'), v, key, before: Digest, after: DocumentRef }),
  z.strictObject({ type: z.literal('KeyTagged'), v, key, tags: Tags }),
  z.strictObject({ type: z.literal('KeyUntagged'), v, key, tagKeys: z.array(z.string().max(128)) }),
  z.strictObject({ type: z.literal('RotationEnabled'), v, key, periodDays: z.int().min(90).max(2560), nextAt: Time }),
  z.strictObject({ type: z.literal('RotationDisabled'), v, key }),
  z.strictObject({
    type: z.literal('KeyRotated'),
    v,
    key,
    version: z.int().min(2),
    materialId: Digest,
    cause: z.enum(['AUTOMATIC', 'ON_DEMAND']),
    at: Time,
    /** When the next automatic rotation is due, where rotation is enabled. */
    nextAt: Time.optional(),
  }),
  /** A key that waits for its material is enabled by it. */
  z.strictObject({
    type: z.literal('KeyMaterialImported'),
    v,
    key,
    version: z.int().min(1),
    materialId: Digest,
    /** When it is to be destroyed; never, where absent. */
    expiresAt: Time.optional(),
    at: Time,
  }),
  /** By request, or because a key was rescued that has none: it waits for its material to be imported again. */
  z.strictObject({ type: z.literal('KeyMaterialDeleted'), v, key, version: z.int().min(1) }),
  z.strictObject({ type: z.literal('KeyMaterialExpired'), v, key, version: z.int().min(1) }),
  z.strictObject({ type: z.literal('AliasCreated'), v, key, alias: AliasName, at: Time }),
  z.strictObject({ type: z.literal('AliasMoved'), v, key, alias: AliasName, from: Arn, at: Time }),
  z.strictObject({ type: z.literal('AliasDeleted'), v, key, alias: AliasName }),
  z.strictObject({
    type: z.literal('GrantCreated'),
    v,
    key,
    grantId: GrantId,
    /** ARN of the principal that is permitted; of an account, the ARN of its root. */
    grantee: Arn,
    /** ARN of a principal that may retire the grant besides its grantee and its issuer. */
    retiring: Arn.optional(),
    operations: z.array(z.string().max(64)).min(1),
    constraints: z
      .strictObject({ encryptionContextEquals: Pairs.optional(), encryptionContextSubset: Pairs.optional() })
      .optional(),
    name: z.string().max(256).optional(),
    /** ARN of the root of the account in whose name it was made. */
    issuer: Arn,
    at: Time,
  }),
  /** Given up by somebody whom the grant itself allows to. */
  z.strictObject({ type: z.literal('GrantRetired'), v, key, grantId: GrantId }),
  /** Taken away by the key's administrators. */
  z.strictObject({ type: z.literal('GrantRevoked'), v, key, grantId: GrantId }),
  z.strictObject({
    type: z.literal('PrincipalAdded'),
    v,
    principal: Arn,
    account: AccountId,
    principalType: z.enum(['root', 'user', 'role']),
    policies: z.array(z.strictObject({ name: z.string().max(128), document: DocumentRef })),
    at: Time,
  }),
  z.strictObject({ type: z.literal('PrincipalRemoved'), v, principal: Arn }),
  z.strictObject({ type: z.literal('AccessKeyAdded'), v, principal: Arn, accessKeyId: z.string().max(128), at: Time }),
  z.strictObject({ type: z.literal('AccessKeyRemoved'), v, principal: Arn, accessKeyId: z.string().max(128) }),
]);
export type Change = z.infer<typeof Change>;
export type ChangeType = Change['type'];
export type ChangeOf<T extends ChangeType> = Extract<Change, { type: T }>;
