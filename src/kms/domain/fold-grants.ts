import type { ChangeOf } from '../../events/index.ts';
import { grantOf, grantPlace, granteePlace, namedPlace, retiringPlace, termsOf, type Grant } from './grant.ts';
import type { Key } from './key.ts';
import { addTo, removeFrom } from './paged-set.ts';

type Table = 'grants' | 'grant-index' | 'keys';
type Get = (table: Table, key: string) => unknown;
type Put = (table: Table, key: string, value: unknown) => void;
/** Every row whose key begins so. */
type All = (table: Table, prefix: string) => readonly { readonly key: string; readonly value: unknown }[];

/** A grant, and the rows by which it is found: by grantee, by retiring principal, and by its name and terms. */
export function foldGrantCreated(get: Get, put: Put, change: ChangeOf<'GrantCreated'>): void {
  const grant = grantOf(change);
  const place = grantPlace(grant.keyArn, grant.grantId);
  const key = get('keys', grant.keyArn) as Key | undefined;
  // Facts about a key that is not there, or told twice: history that never was, so nothing to find.
  if (key === undefined || key.status === 'Deleted' || get('grants', place) !== undefined) return;
  put('grants', place, grant);
  addTo(inIndex(get), intoIndex(put), granteePlace(grant.keyArn, grant.grantee), grant.grantId);
  if (grant.retiring !== undefined)
    put('grant-index', `${retiringPlace(grant.retiring, grant.keyArn)}/${grant.grantId}`, place);
  if (grant.name !== undefined) put('grant-index', namedPlace(grant.keyArn, termsOf(grant)), grant.grantId);
  put('keys', key.arn, { ...key, grantCount: (key.grantCount ?? 0) + 1 } satisfies Key);
}

export function foldGrantEnded(get: Get, put: Put, change: ChangeOf<'GrantRetired' | 'GrantRevoked'>): void {
  const place = grantPlace(change.key, change.grantId);
  const grant = get('grants', place) as Grant | undefined;
  if (grant === undefined) return;
  put('grants', place, undefined);
  removeFrom(inIndex(get), intoIndex(put), granteePlace(grant.keyArn, grant.grantee), grant.grantId);
  removeFinders(get, put, grant);
  const key = get('keys', grant.keyArn) as Key | undefined;
  if (key !== undefined) put('keys', key.arn, { ...key, grantCount: Math.max(0, (key.grantCount ?? 0) - 1) });
}

/** A key that is deleted takes its grants with it. */
export function foldGrantsOfDeletedKey(get: Get, put: Put, all: All, keyArn: string): void {
  for (const { key: place, value } of all('grants', grantPlace(keyArn, ''))) {
    put('grants', place, undefined);
    removeFinders(get, put, value as Grant);
  }
  for (const { key: place } of all('grant-index', granteePlace(keyArn, ''))) put('grant-index', place, undefined);
}

function removeFinders(get: Get, put: Put, grant: Grant): void {
  if (grant.retiring !== undefined)
    put('grant-index', `${retiringPlace(grant.retiring, grant.keyArn)}/${grant.grantId}`, undefined);
  if (grant.name === undefined) return;
  const named = namedPlace(grant.keyArn, termsOf(grant));
  if (get('grant-index', named) === grant.grantId) put('grant-index', named, undefined);
}

const inIndex =
  (get: Get) =>
  (place: string): unknown =>
    get('grant-index', place);
const intoIndex =
  (put: Put) =>
  (place: string, value: unknown): void =>
    put('grant-index', place, value);
