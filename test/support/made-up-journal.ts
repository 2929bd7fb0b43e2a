import type { JournalReader } from '../../src/stream/index.ts';

const KEYS = 40;
const PRINCIPALS = 15;

export const arnOfKey = (seq: number): string => `arn:aws:kms:us-east-1:000000000000:key/${seq % KEYS}`;
export const arnOfPrincipal = (seq: number): string => `arn:aws:iam::000000000000:user/${seq % PRINCIPALS}`;

/** A journal whose every event can be computed from its seq, about 800 bytes each; what a relay publishes in tests. */
export interface MadeUpJournal extends JournalReader {
  /** Lets the journal grow to this head. */
  grow(head: number): void;
}

export function madeUpJournal(head = 0): MadeUpJournal {
  let last = head;
  return {
    head: () => last,
    read(from, limit) {
      const length = Math.max(0, Math.min(limit, last - from + 1));
      return Array.from({ length }, (_, at) => ({ seq: from + at, bytes: eventBytes(from + at) }));
    },
    grow: (to) => void (last = Math.max(last, to)),
  };
}

const FILLER = 'x'.repeat(600);

const eventBytes = (seq: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      actor: { account: '000000000000', arn: arnOfPrincipal(seq), type: 'user' },
      // Every tenth event is about no key.
      ...(seq % 10 === 0 ? {} : { key: { account: '000000000000', arn: arnOfKey(seq), region: 'us-east-1' } }),
      request: { filler: FILLER },
      seq,
    }),
  );

export const seqOf = (bytes: Uint8Array): number => (JSON.parse(Buffer.from(bytes).toString()) as { seq: number }).seq;
