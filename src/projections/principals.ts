import type { Change, KeyEvent } from '../events/index.ts';
import { groupBy, overlay, type Rows } from './rows.ts';

/** A principal as the events have made it; removed ones stay, because they are still named by history. */
export interface PrincipalRow {
  readonly arn: string;
  /** Journal position of the last event folded in. */
  readonly seq: number;
  readonly account: string;
  readonly type: 'root' | 'user' | 'role';
  readonly state: 'Active' | 'Removed';
  readonly addedAt: string;
  readonly policies: readonly { readonly name: string; readonly digest: string }[];
  readonly accessKeyIds: readonly string[];
}

type PrincipalChange = Extract<Change, { principal: string }>;

/** Folds principals and their access keys. Idempotent by `seq` per principal. */
export function foldPrincipals(principals: Rows<PrincipalRow>, events: Iterable<KeyEvent>): readonly PrincipalRow[] {
  const draft = overlay(principals, (row: PrincipalRow) => row.arn);
  for (const event of events) {
    const byPrincipal = groupBy(event.changes.filter(isAboutAPrincipal), (change) => change.principal);
    for (const [arn, changes] of byPrincipal) {
      const before = draft.get(arn);
      if (before !== undefined && before.seq >= event.seq) continue;
      const after = changes.reduce(evolve, before);
      if (after !== undefined) draft.set({ ...after, seq: event.seq });
    }
  }
  return draft.changed();
}

function evolve(row: PrincipalRow | undefined, change: PrincipalChange): PrincipalRow | undefined {
  if (change.type === 'PrincipalAdded') {
    return {
      arn: change.principal,
      seq: row?.seq ?? 0,
      account: change.account,
      type: change.principalType,
      state: 'Active',
      addedAt: change.at,
      policies: change.policies.map(({ name, document }) => ({ name, digest: document.digest })),
      accessKeyIds: [],
    };
  }
  if (row === undefined) return undefined;
  switch (change.type) {
    case 'PrincipalRemoved':
      return { ...row, state: 'Removed', accessKeyIds: [] };
    case 'AccessKeyAdded':
      return { ...row, accessKeyIds: [...new Set([...row.accessKeyIds, change.accessKeyId])].sort() };
    case 'AccessKeyRemoved':
      return { ...row, accessKeyIds: row.accessKeyIds.filter((id) => id !== change.accessKeyId) };
  }
}

const isAboutAPrincipal = (change: Change): change is PrincipalChange => 'principal' in change;
