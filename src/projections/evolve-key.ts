import type { Change, ChangeOf, KeyStateRow } from '../events/index.ts';

/** A fact about a key and nothing else. */
export type OwnChange = Exclude<Change, { principal: string } | { alias: string }>;

/** The row of a key at birth. A key whose material is imported waits for it. */
export function initialKey(change: ChangeOf<'KeyCreated'>, seq: number): KeyStateRow {
  return {
    v: 1,
    seq,
    arn: change.key,
    keyId: change.keyId,
    account: change.account,
    region: change.region,
    spec: change.spec,
    usage: change.usage,
    origin: change.origin,
    state: change.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    description: change.description,
    multiRegion: change.multiRegion,
    policyDigest: change.policy.digest,
    tags: change.tags,
    aliases: [],
    version: 1,
    createdAt: change.at,
  };
}

/** The row after one fact about the key itself. Never refuses: history has already happened. */
export function evolveKey(row: KeyStateRow, change: OwnChange): KeyStateRow {
  switch (change.type) {
    case 'KeyCreated':
    case 'GrantCreated':
    case 'GrantRetired':
    case 'GrantRevoked':
      // Who else may use a key is not part of its state.
      return row;
    case 'KeyDescriptionChanged':
      return { ...row, description: change.description };
    case 'KeyEnabled':
      return { ...row, state: 'Enabled' };
    case 'KeyDisabled':
      return { ...row, state: 'Disabled' };
    case 'KeyDeletionScheduled':
      return { ...row, state: 'PendingDeletion', deleteAt: change.deleteAt };
    case 'KeyDeletionCancelled':
      // The KMS API leaves a rescued key disabled until somebody enables it.
      return { ...without(row, 'deleteAt'), state: 'Disabled' };
    case 'KeyDeleted':
      return { ...withoutRotation(row), state: 'Deleted', aliases: [] };
    case 'PolicyChanged':
      return { ...row, policyDigest: change.after.digest };
    case 'KeyTagged':
      return { ...row, tags: { ...row.tags, ...change.tags } };
    case 'KeyUntagged':
      return {
        ...row,
        tags: Object.fromEntries(Object.entries(row.tags).filter(([k]) => !change.tagKeys.includes(k))),
      };
    case 'RotationEnabled':
      return { ...row, rotationPeriodDays: change.periodDays, nextRotationAt: change.nextAt };
    case 'RotationDisabled':
      return withoutRotation(row);
    case 'KeyMaterialImported':
      return row.state === 'PendingImport' ? { ...row, state: 'Enabled' } : row;
    case 'KeyMaterialDeleted':
    case 'KeyMaterialExpired':
      // A key on its way out stays on it.
      return row.state === 'PendingDeletion' || row.state === 'Deleted' ? row : { ...row, state: 'PendingImport' };
    case 'KeyRotated': {
      const rotated = { ...row, version: change.version, lastRotatedAt: change.at };
      return change.nextAt === undefined || row.rotationPeriodDays === undefined
        ? rotated
        : { ...rotated, nextRotationAt: change.nextAt };
    }
  }
}

const withoutRotation = (row: KeyStateRow): KeyStateRow =>
  without(without(row, 'rotationPeriodDays'), 'nextRotationAt');

type OptionalField = 'deleteAt' | 'nextRotationAt' | 'rotationPeriodDays';

function without(row: KeyStateRow, field: OptionalField): KeyStateRow {
  const copy = { ...row };
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- one of three names; absent is not the same as undefined
  delete copy[field];
  return copy;
}
