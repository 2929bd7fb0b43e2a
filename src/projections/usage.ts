import type { KeyEvent } from '../events/index.ts';
import { overlay, type Overlay, type Rows } from './rows.ts';

/** A successful data operation that used a key. */
export interface KeyUse {
  readonly seq: number;
  readonly operation: string;
  readonly time: string;
  readonly principal: string;
}

/** How a key has been used. Answers GetKeyLastUsage, and "may this key be deleted?". */
export interface KeyUsageRow {
  readonly arn: string;
  /** Journal position of the last event counted. */
  readonly seq: number;
  /** Newest use, also as the source of a ReEncrypt. */
  readonly last: KeyUse;
  /** Successful data operations by name. A ReEncrypt counts for the key it encrypted to. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Folds successful data operations into usage. Idempotent by `seq` per key. The source key of a ReEncrypt is published
 * under another key, so only `last` hears of it: a maximum is right in any order, a count would not be.
 */
export function foldUsage(usage: Rows<KeyUsageRow>, events: Iterable<KeyEvent>): readonly KeyUsageRow[] {
  const draft = overlay(usage, (row: KeyUsageRow) => row.arn);
  for (const event of events) {
    if (event.kind !== 'data' || event.outcome !== 'success') continue;
    const use = { seq: event.seq, operation: event.operation, time: event.time, principal: event.actor.arn };
    if (event.key !== undefined) count(draft, event.key.arn, use);
    if (event.sourceKey !== undefined) touch(draft, event.sourceKey.arn, use);
  }
  return draft.changed();
}

function count(draft: Overlay<KeyUsageRow>, arn: string, use: KeyUse): void {
  const row = draft.get(arn);
  if (row !== undefined && row.seq >= use.seq) return;
  const counts = { ...row?.counts, [use.operation]: (row?.counts[use.operation] ?? 0) + 1 };
  draft.set({ arn, seq: use.seq, last: newer(row?.last, use), counts });
}

function touch(draft: Overlay<KeyUsageRow>, arn: string, use: KeyUse): void {
  const row = draft.get(arn);
  if (row === undefined) draft.set({ arn, seq: 0, last: use, counts: {} });
  else if (row.last.seq < use.seq) draft.set({ ...row, last: use });
}

const newer = (known: KeyUse | undefined, use: KeyUse): KeyUse =>
  known !== undefined && known.seq > use.seq ? known : use;
