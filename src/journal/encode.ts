import { toIsoMicros, uuidv7 } from '../base/index.ts';
import { encodePlaced } from '../events/index.ts';
import type { EventDraft } from './decision.ts';

/** An entry of the ledger has a length of 16 bits (C2SP tlog-tiles). */
const MAX_EVENT_BYTES = 65_535;

/** What the journal adds to a draft: its place, its date, and the times (monotonic microseconds) from which its timing follows. */
export interface Place {
  readonly seq: number;
  readonly timeUs: number;
  readonly readyUs: number;
  readonly flushUs: number;
  /** Duration of the commit before this one (docs/decisions/0003). */
  readonly commitUs: number;
}

/**
 * The canonical bytes of a draft in its place.
 *
 * @throws Error for what could never be proven: the ledger has no room for it, or JSON no form. A bug of whoever drafted it.
 */
export function encodeDraft(draft: EventDraft, place: Place): Buffer {
  const { startedUs, cryptoUs } = draft;
  const { seq, timeUs, readyUs, flushUs, commitUs } = place;
  const timing = {
    totalUs: Math.max(0, flushUs - startedUs) + commitUs,
    queueUs: Math.max(0, flushUs - readyUs),
    cryptoUs,
    commitUs,
  };
  const id = uuidv7(timeUs / 1000);
  const bytes = encodePlaced(draft, { id, seq, time: toIsoMicros(timeUs), timing });
  if (bytes.length > MAX_EVENT_BYTES)
    throw new Error(`Bug: ${draft.operation} drafted an event of ${bytes.length} bytes; an entry holds 65,535`);
  return bytes;
}
