import type { Change, ChangeOf, KeyEvent, KeyStateRow } from '../events/index.ts';
import { aliasArn, type AliasRow } from './alias.ts';
import { evolveKey, initialKey } from './evolve-key.ts';
import { groupBy, overlay, type Overlay, type Rows } from './rows.ts';

/** What the key-state fold reads. Keys by their ARN, aliases by theirs. */
export interface KeyStates {
  readonly keys: Rows<KeyStateRow>;
  readonly aliases: Rows<AliasRow>;
}

/** The rows that one event or one batch changed; each is the whole new row. */
export interface KeyStateChanges {
  readonly keys: readonly KeyStateRow[];
  readonly aliases: readonly AliasRow[];
}

interface Draft {
  readonly keys: Overlay<KeyStateRow>;
  readonly aliases: Overlay<AliasRow>;
}

type AliasChange = ChangeOf<'AliasCreated' | 'AliasMoved' | 'AliasDeleted'>;
type KeyChange = Exclude<Change, { principal: string }>;

/**
 * Folds events into key state, in any interleaving that keeps the order within each key: repeats are known by their
 * `seq` and change nothing. The facts of an event are about the key it is published under; an alias that moves is the
 * one fact that touches a second key, which is why an alias has an owner and a `seq` of its own.
 */
export function foldKeyEvents(states: KeyStates, events: Iterable<KeyEvent>): KeyStateChanges {
  const draft: Draft = {
    keys: overlay(states.keys, (row) => row.arn),
    aliases: overlay(states.aliases, (row) => row.arn),
  };
  for (const event of events) applyTo(draft, event);
  return { keys: draft.keys.changed(), aliases: draft.aliases.changed() };
}

/** {@link foldKeyEvents} of a single event. */
export const applyKeyEvent = (states: KeyStates, event: KeyEvent): KeyStateChanges => foldKeyEvents(states, [event]);

function applyTo(draft: Draft, event: KeyEvent): void {
  const byKey = groupBy(event.changes.filter(isAboutAKey), (change) => change.key);
  for (const [arn, changes] of byKey) {
    const before = draft.keys.get(arn);
    if (before !== undefined && before.seq >= event.seq) continue;
    for (const change of changes) applyChange(draft, arn, change, event.seq);
    const after = draft.keys.get(arn);
    if (after !== undefined) draft.keys.set({ ...after, seq: event.seq });
  }
}

function applyChange(draft: Draft, arn: string, change: KeyChange, seq: number): void {
  if (isAboutAnAlias(change)) {
    own(draft, change, seq);
    return;
  }
  const row = change.type === 'KeyCreated' ? initialKey(change, seq) : draft.keys.get(arn);
  // A key whose birth was never seen cannot be described; the reconciler of the topic answers for that, not the fold.
  if (row !== undefined) draft.keys.set(evolveKey(row, change));
}

/** The newest fact about an alias says who owns it; older ones that arrive late change nothing. */
function own(draft: Draft, change: AliasChange, seq: number): void {
  const id = aliasArn(change.key, change.alias);
  const known = draft.aliases.get(id);
  if (known !== undefined && known.seq > seq) return;
  if (known?.key !== undefined) unlist(draft, known.key, change.alias);
  if (change.type === 'AliasDeleted') {
    draft.aliases.set({ arn: id, seq });
    return;
  }
  draft.aliases.set({ arn: id, seq, key: change.key });
  list(draft, change.key, change.alias);
}

function list(draft: Draft, arn: string, alias: string): void {
  const row = draft.keys.get(arn);
  if (row === undefined || row.aliases.includes(alias)) return;
  draft.keys.set({ ...row, aliases: [...row.aliases, alias].sort() });
}

/** Leaves `seq` alone: events of the former owner that are older than the move may still be on their way. */
function unlist(draft: Draft, arn: string, alias: string): void {
  const row = draft.keys.get(arn);
  if (row?.aliases.includes(alias) === true) {
    draft.keys.set({ ...row, aliases: row.aliases.filter((name) => name !== alias) });
  }
}

const isAboutAKey = (change: Change): change is KeyChange => 'key' in change;

const isAboutAnAlias = (change: KeyChange): change is AliasChange =>
  change.type === 'AliasCreated' || change.type === 'AliasMoved' || change.type === 'AliasDeleted';
