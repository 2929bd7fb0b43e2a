import type { Change, DocumentRef } from '../../events/index.ts';
import { aliasArn, keyIdOf } from './arn.ts';
import { currentMaterial, evolve, type Key } from './key.ts';
import { foldGrantCreated, foldGrantEnded, foldGrantsOfDeletedKey } from './fold-grants.ts';
import type { AccessKey, Alias, Principal } from './principal.ts';

/** A row of state; undefined removes it. */
export interface Row {
  readonly table:
    | 'keys'
    | 'key-ids'
    | 'aliases'
    | 'principals'
    | 'access-keys'
    | 'due'
    | 'grants'
    | 'grant-index'
    | 'documents'
    | 'secrets'
    | 'material';
  readonly key: string;
  readonly value: unknown;
}

/** State before the fold. */
export interface Before {
  get(table: Row['table'], key: string): unknown;
  /** Rows whose key starts with `prefix`, ascending by key, after `after` where given, at most `limit`. */
  range(
    table: Row['table'],
    prefix: string,
    after: string | undefined,
    limit: number,
  ): readonly { readonly key: string; readonly value: unknown }[];
}

export type DueWork = 'delete' | 'rotate' | 'expire';

/** Key of a row of due work: sorts by time. */
export const dueKey = (at: string, work: DueWork, arn: string): string => `${at}|${work}|${arn}`;
export const materialPlace = (arn: string, version: number): string => `${arn}#${String(version)}`;

/** The rows that facts change: state is this fold over all facts ever recorded, and nothing else. */
export function foldChanges(before: Before, changes: readonly Change[]): Row[] {
  const rows = new Map<string, Row>();
  const get = (table: Row['table'], key: string): unknown => {
    const row = rows.get(`${table} ${key}`);
    return row === undefined ? before.get(table, key) : row.value;
  };
  const put = (table: Row['table'], key: string, value: unknown): void =>
    void rows.set(`${table} ${key}`, { table, key, value });
  const all: All = (table, prefix) => {
    const found = new Map(
      before.range(table, prefix, undefined, Number.MAX_SAFE_INTEGER).map(({ key, value }) => [key, value]),
    );
    for (const row of rows.values())
      if (row.table === table && row.key.startsWith(prefix)) found.set(row.key, row.value);
    return [...found].filter(([, value]) => value !== undefined).map(([key, value]) => ({ key, value }));
  };
  for (const change of changes) foldOne(get, put, all, change);
  return [...rows.values()];
}

type Get = (table: Row['table'], key: string) => unknown;
type Put = (table: Row['table'], key: string, value: unknown) => void;
type All = (table: Row['table'], prefix: string) => readonly { readonly key: string; readonly value: unknown }[];

function foldOne(get: Get, put: Put, all: All, change: Change): void {
  if ('key' in change) foldKey(get, put, change);
  switch (change.type) {
    case 'KeyCreated':
      put('key-ids', change.keyId, [
        ...((get('key-ids', change.keyId) as readonly string[] | undefined) ?? []),
        change.key,
      ]);
      putDocument(put, change.policy);
      return;
    case 'PolicyChanged':
      return putDocument(put, change.after);
    case 'AliasCreated':
    case 'AliasMoved':
      return foldAlias(get, put, change);
    case 'AliasDeleted':
      return put('aliases', aliasArnOf(change.key, change.alias), undefined);
    case 'GrantCreated':
      return foldGrantCreated(get, put, change);
    case 'GrantRetired':
    case 'GrantRevoked':
      return foldGrantEnded(get, put, change);
    case 'KeyDeleted':
      return foldGrantsOfDeletedKey(get, put, all, change.key);
    case 'PrincipalAdded':
      change.policies.forEach(({ document }) => putDocument(put, document));
      return put('principals', change.principal, {
        arn: change.principal,
        account: change.account,
        type: change.principalType,
        policies: change.policies.map(({ name, document }) => ({ name, digest: document.digest })),
        // Added again, with other policies: access keys forgotten here would survive the principal's removal.
        accessKeyIds: (get('principals', change.principal) as Principal | undefined)?.accessKeyIds ?? [],
        createdAt: change.at,
      } satisfies Principal);
    case 'PrincipalRemoved':
      for (const id of (get('principals', change.principal) as Principal | undefined)?.accessKeyIds ?? [])
        removeAccessKey(put, id);
      return put('principals', change.principal, undefined);
    case 'AccessKeyAdded':
      put('access-keys', change.accessKeyId, {
        accessKeyId: change.accessKeyId,
        principal: change.principal,
        createdAt: change.at,
      } satisfies AccessKey);
      return withAccessKeys(get, put, change.principal, (ids) => [...ids, change.accessKeyId]);
    case 'AccessKeyRemoved':
      removeAccessKey(put, change.accessKeyId);
      return withAccessKeys(get, put, change.principal, (ids) => ids.filter((id) => id !== change.accessKeyId));
    case 'KeyDescriptionChanged':
    case 'KeyEnabled':
    case 'KeyDisabled':
    case 'KeyDeletionScheduled':
    case 'KeyDeletionCancelled':
    case 'KeyTagged':
    case 'KeyUntagged':
    case 'RotationEnabled':
    case 'RotationDisabled':
    case 'KeyRotated':
    case 'KeyMaterialImported':
    case 'KeyMaterialDeleted':
    case 'KeyMaterialExpired':
      return;
  }
}

function foldKey(get: Get, put: Put, change: Extract<Change, { key: string }>): void {
  const before = get('keys', change.key) as Key | undefined;
  const after = evolve(before, change);
  if (after === undefined) return;
  put('keys', change.key, after);
  if (change.type === 'AliasMoved') {
    const old = get('keys', change.from) as Key | undefined;
    if (old !== undefined) put('keys', change.from, evolve(old, change));
  }
  moveDue(put, 'delete', change.key, deletionDue(before), deletionDue(after));
  moveDue(put, 'rotate', change.key, rotationDue(before), rotationDue(after));
  moveDue(put, 'expire', change.key, expiryDue(before), expiryDue(after));
  if (change.type === 'KeyMaterialDeleted' || change.type === 'KeyMaterialExpired')
    put('material', materialPlace(change.key, change.version), undefined);
  if (change.type === 'KeyDeleted') {
    for (const alias of before?.aliases ?? []) put('aliases', aliasArnOf(change.key, alias), undefined);
    // Crypto-shredding: the history of the key stays, its material does not.
    for (const { version } of after.materials) put('material', materialPlace(change.key, version), undefined);
  }
}

const deletionDue = (key: Key | undefined): string | undefined =>
  key?.status === 'PendingDeletion' ? key.deleteAt : undefined;
/** Only enabled keys rotate; one that is enabled again after its date rotates at once. */
const rotationDue = (key: Key | undefined): string | undefined =>
  key?.status === 'Enabled' ? key.rotation?.nextAt : undefined;

/** Imported material expires whatever state its key is in, short of deleted. */
const expiryDue = (key: Key | undefined): string | undefined =>
  key === undefined || key.status === 'Deleted' ? undefined : currentMaterial(key).expiresAt;

function moveDue(put: Put, work: DueWork, arn: string, from: string | undefined, to: string | undefined): void {
  if (from === to) return;
  if (from !== undefined) put('due', dueKey(from, work, arn), undefined);
  if (to !== undefined) put('due', dueKey(to, work, arn), { work, arn, at: to });
}

function foldAlias(get: Get, put: Put, change: Extract<Change, { type: 'AliasCreated' | 'AliasMoved' }>): void {
  const arn = aliasArnOf(change.key, change.alias);
  const createdAt = (get('aliases', arn) as Alias | undefined)?.createdAt ?? change.at;
  put('aliases', arn, { arn, name: change.alias, keyArn: change.key, createdAt, updatedAt: change.at } satisfies Alias);
}

function aliasArnOf(key: string, alias: string): string {
  const [, , , region = '', account = ''] = key.slice(0, -keyIdOf(key).length).split(':');
  return aliasArn(region, account, alias);
}

function putDocument(put: Put, document: DocumentRef): void {
  // A document too large for the event comes with the decision, as an attachment of its own.
  if (document.text !== undefined) put('documents', document.digest, document.text);
}

function withAccessKeys(get: Get, put: Put, arn: string, edit: (ids: readonly string[]) => string[]): void {
  const principal = get('principals', arn) as Principal | undefined;
  if (principal !== undefined) put('principals', arn, { ...principal, accessKeyIds: edit(principal.accessKeyIds) });
}

function removeAccessKey(put: Put, accessKeyId: string): void {
  put('access-keys', accessKeyId, undefined);
  put('secrets', accessKeyId, undefined);
}
