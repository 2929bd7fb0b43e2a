import type { Change, ChangeOf, KeyEvent, KeyStateRow } from '../events/index.ts';
import { aliasArn, type AliasRow } from './alias.ts';
import { evolveKey, initialKey, type OwnChange } from './evolve-key.ts';
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
    const isRepeat = before !== undefined && before.seq >= event.seq;
    for (const change of changes) {
      // Aliases know repeats by themselves: a crash may have stored the key's row and not yet the alias's.
      if (isAboutAnAlias(change)) own(draft, change, event.seq);
      else if (!isRepeat) applyOwn(draft, arn, change, event.seq);
    }
    const after = draft.keys.get(arn);
    if (!isRepeat && after !== undefined) draft.keys.set({ ...after, seq: event.seq });
  }
}

function applyOwn(draft: Draft, arn: string, change: OwnChange, seq: number): void {
  const row = change.type === 'KeyCreated' ? initialKey(change, seq) : draft.keys.get(arn);
  // A key whose birth was never seen cannot be described; the reconciler of the topic answers for that, not the fold.
  if (row !== undefined) draft.keys.set(evolveKey(row, change));
}

/**
 * The newest fact about an alias says who owns it. Every key that the fact has to do with is then made to agree, also by
 * a late fact that decides nothing, so that rows of which a crash stored only some agree again after redelivery.
 */
function own(draft: Draft, change: AliasChange, seq: number): void {
  const id = aliasArn(change.key, change.alias);
  const known = draft.aliases.get(id);
  const isLate = known !== undefined && known.seq > seq;
  const owner = isLate ? known.key : change.type === 'AliasDeleted' ? undefined : change.key;
  if (!isLate) draft.aliases.set(owner === undefined ? { arn: id, seq } : { arn: id, seq, key: owner });
  const concerned = [known?.key, change.key, change.type === 'AliasMoved' ? change.from : undefined];
  for (const arn of new Set(concerned)) if (arn !== undefined) list(draft, arn, change.alias, arn === owner);
}

/** Leaves `seq` alone: events of a former owner that are older than the move may still be on their way. */
function list(draft: Draft, arn: string, alias: string, isOwner: boolean): void {
  const row = draft.keys.get(arn);
  if (row === undefined || row.state === 'Deleted' || row.aliases.includes(alias) === isOwner) return;
  const others = row.aliases.filter((name) => name !== alias);
  draft.keys.set({ ...row, aliases: isOwner ? [...others, alias].sort() : others });
}

const isAboutAKey = (change: Change): change is KeyChange => 'key' in change;

const isAboutAnAlias = (change: KeyChange): change is AliasChange =>
  change.type === 'AliasCreated' || change.type === 'AliasMoved' || change.type === 'AliasDeleted';
