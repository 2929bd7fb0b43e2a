import { DecryptCommand } from '@aws-sdk/client-kms';
import { pause } from '../terminal.ts';
import { clientFor, type Credentials } from './company.ts';
import { count, isDenied, type SealedRecord } from './work.ts';

const PER_SECOND = 150;
const TICK_MS = 50;
/** Calls under way at once, so that a slow machine is not buried. */
const AT_ONCE = 48;
const LASTS_MS = 10_000;
/** Refused so often in a row, a thief understands. */
const GIVES_UP_AFTER = 40;

export interface Loot {
  /** Records whose data key the thief now has. */
  readonly opened: number;
  readonly refused: number;
  readonly gaveUp: boolean;
  readonly faults: ReadonlyMap<string, number>;
}

export interface TheftOptions {
  readonly endpoint: string;
  /** Stolen: valid, and somebody else's. */
  readonly credentials: Credentials;
  /** A copy of the table, stolen with them. */
  readonly records: readonly SealedRecord[];
  readonly stopped: AbortSignal;
  readonly onProgress: (opened: number) => void;
}

const TELL_EVERY = 250;

/** Somebody with a service's access key and a copy of its table opens record after record, with a tool of their own. */
export async function steal({ endpoint, credentials, records, stopped, onProgress }: TheftOptions): Promise<Loot> {
  const client = clientFor(endpoint, credentials, 'table-grabber', '0.1');
  const faults = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  const begun = performance.now();
  let next = 0;
  let opened = 0;
  let refused = 0;
  let inARow = 0;

  const open = async ({ ciphertext, context }: SealedRecord): Promise<void> => {
    try {
      const { Plaintext } = await client.send(
        new DecryptCommand({ CiphertextBlob: ciphertext, EncryptionContext: { ...context } }),
      );
      Plaintext?.fill(0);
      opened += 1;
      inARow = 0;
      if (opened % TELL_EVERY === 0) onProgress(opened);
    } catch (error) {
      if (isDenied(error)) {
        refused += 1;
        inARow += 1;
      } else {
        count(faults, error);
      }
    }
  };

  try {
    for (;;) {
      const elapsed = performance.now() - begun;
      if (stopped.aborted || elapsed > LASTS_MS || next >= records.length || inARow >= GIVES_UP_AFTER) break;
      const due = Math.min(records.length, Math.ceil(((elapsed + TICK_MS) / 1000) * PER_SECOND));
      for (; next < due && underWay.size < AT_ONCE; next += 1) {
        const record = records[next];
        if (record === undefined) break;
        const call: Promise<void> = open(record).finally(() => underWay.delete(call));
        underWay.add(call);
      }
      await pause(TICK_MS, stopped);
    }
    await Promise.all(underWay);
    return { opened, refused, gaveUp: inARow >= GIVES_UP_AFTER, faults };
  } finally {
    client.destroy();
  }
}
