import type { Change } from '../../events/index.ts';

export type KeyStatus = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable' | 'Deleted';

/** One version of the key material; the bytes lie wrapped in a table of their own. */
export interface Material {
  readonly version: number;
  /** Absent until it is imported for the first time; from then on no other can take its place. */
  readonly materialId?: string;
  readonly at: string;
  readonly cause: 'CREATED' | 'AUTOMATIC' | 'ON_DEMAND';
  /** Of imported material: not there, because it is still awaited, was deleted, or has expired. */
  readonly missing?: true;
  readonly expiresAt?: string;
}

/** A KMS key as its events have made it. Never changed in place. */
export interface Key {
  readonly arn: string;
  readonly keyId: string;
  readonly account: string;
  readonly region: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly status: KeyStatus;
  readonly description: string;
  readonly multiRegion: boolean;
  readonly policyDigest: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly aliases: readonly string[];
  /** Oldest first; the last one encrypts, all of them decrypt. */
  readonly materials: readonly [Material, ...Material[]];
  readonly rotation?: { readonly periodDays: number; readonly nextAt: string };
  readonly deleteAt?: string;
  readonly createdAt: string;
  /** Grants on it; absent means none. Kept here so that callers of a key without grants are spared the look-up. */
  readonly grantCount?: number;
}

export const currentMaterial = (key: Key): Material => key.materials.at(-1) ?? key.materials[0];

/** One fact folded into a key. Never refuses: history has already happened. Facts about other things leave it alone. */
export function evolve(key: Key | undefined, change: Change): Key | undefined {
  if (change.type === 'KeyCreated') return createdKey(change);
  if (key === undefined) return undefined;
  switch (change.type) {
    case 'KeyDescriptionChanged':
      return { ...key, description: change.description };
    case 'KeyEnabled':
      return { ...key, status: 'Enabled' };
    case 'KeyDisabled':
      return { ...key, status: 'Disabled' };
    case 'KeyDeletionScheduled':
      return { ...key, status: 'PendingDeletion', deleteAt: change.deleteAt };
    case 'KeyDeletionCancelled':
      return without({ ...key, status: 'Disabled' }, 'deleteAt');
    case 'KeyDeleted':
      return without(without({ ...key, status: 'Deleted', aliases: [] }, 'rotation'), 'grantCount');
    case 'PolicyChanged':
      return { ...key, policyDigest: change.after.digest };
    case 'KeyTagged':
      return { ...key, tags: { ...key.tags, ...change.tags } };
    case 'KeyUntagged':
      return {
        ...key,
        tags: Object.fromEntries(Object.entries(key.tags).filter(([name]) => !change.tagKeys.includes(name))),
      };
    case 'RotationEnabled':
      return { ...key, rotation: { periodDays: change.periodDays, nextAt: change.nextAt } };
    case 'RotationDisabled':
      return without(key, 'rotation');
    case 'KeyRotated':
      return rotated(key, change);
    case 'KeyMaterialImported':
      return imported(key, change);
    case 'KeyMaterialDeleted':
    case 'KeyMaterialExpired':
      return withoutMaterial(key, change.version);
    case 'AliasCreated':
      return { ...key, aliases: [...key.aliases.filter((alias) => alias !== change.alias), change.alias] };
    case 'AliasMoved':
      return change.key === key.arn
        ? { ...key, aliases: [...key.aliases.filter((alias) => alias !== change.alias), change.alias] }
        : { ...key, aliases: key.aliases.filter((alias) => alias !== change.alias) };
    case 'AliasDeleted':
      return { ...key, aliases: key.aliases.filter((alias) => alias !== change.alias) };
    case 'GrantCreated':
    case 'GrantRetired':
    case 'GrantRevoked':
    case 'PrincipalAdded':
    case 'PrincipalRemoved':
    case 'AccessKeyAdded':
    case 'AccessKeyRemoved':
      return key;
  }
}

/** A key at birth. */
export function createdKey(change: Extract<Change, { type: 'KeyCreated' }>): Key {
  const { materialId, at } = change;
  const material =
    materialId === undefined ? { version: 1, at, missing: true as const } : { version: 1, materialId, at };
  return {
    arn: change.key,
    keyId: change.keyId,
    account: change.account,
    region: change.region,
    spec: change.spec,
    usage: change.usage,
    origin: change.origin,
    status: change.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    description: change.description,
    multiRegion: change.multiRegion,
    policyDigest: change.policy.digest,
    tags: change.tags,
    aliases: [],
    materials: [{ ...material, cause: 'CREATED' }],
    createdAt: change.at,
  };
}

function rotated(key: Key, change: Extract<Change, { type: 'KeyRotated' }>): Key {
  const material = { version: change.version, materialId: change.materialId, at: change.at, cause: change.cause };
  const next = { ...key, materials: [...key.materials, material] as const };
  return change.nextAt === undefined || key.rotation === undefined
    ? next
    : { ...next, rotation: { ...key.rotation, nextAt: change.nextAt } };
}

function imported(key: Key, change: Extract<Change, { type: 'KeyMaterialImported' }>): Key {
  const { version, materialId, at, expiresAt } = change;
  const arrived = { version, materialId, at, cause: 'CREATED' as const };
  const status = key.status === 'PendingImport' ? 'Enabled' : key.status;
  return withMaterial({ ...key, status }, expiresAt === undefined ? arrived : { ...arrived, expiresAt });
}

/** A key on its way out stays on it. */
function withoutMaterial(key: Key, version: number): Key {
  const { materialId, at, cause } = key.materials.find((one) => one.version === version) ?? currentMaterial(key);
  const gone: Material = { version, ...(materialId === undefined ? {} : { materialId }), at, cause, missing: true };
  const leaving = key.status === 'PendingDeletion' || key.status === 'Deleted';
  return withMaterial({ ...key, status: leaving ? key.status : 'PendingImport' }, gone);
}

function withMaterial(key: Key, material: Material): Key {
  const [first, ...others] = key.materials.map((one) => (one.version === material.version ? material : one));
  return { ...key, materials: [first ?? material, ...others] };
}

function without(key: Key, name: 'deleteAt' | 'rotation' | 'grantCount'): Key {
  return Object.fromEntries(Object.entries(key).filter(([member]) => member !== name)) as unknown as Key;
}
