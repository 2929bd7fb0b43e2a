import { OperationalError, messageOf, type Closeable, type Log } from '../base/index.ts';
import { diskOf, type LedgerDisk } from './disk.ts';
import { leafHash } from './hash.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { inconsistent } from './recover.ts';
import type { LedgerSigner } from './signer.ts';

/** Where entries come from: the journal, whose event `seq` is entry `seq - 1`. */
export interface EntrySource {
  /** Highest committed sequence number; 0 for an empty journal. */
  head(): number;
  /** Events from `from` on, ascending and without gaps, at most `limit`. */
  read(from: number, limit: number): readonly { readonly seq: number; readonly bytes: Uint8Array }[];
}

export interface IntegratorOptions {
  readonly journal: EntrySource;
  /** The ledger's directory. Nothing else may write there, nor anything secret lie there: it is served. */
  readonly dir: string | LedgerDisk;
  readonly signer: LedgerSigner;
  readonly log: Log;
  /** Time between two rounds (default 500). An event waits at most this long and the time of two rounds. */
  readonly intervalMs?: number;
  /** Entries between two checkpoints while catching up; they are in memory together. */
  readonly maxBatch?: number;
  /** Told once, when the integrator has stopped for good. The events stay in the journal; a restart goes on. */
  readonly onFailure?: (error: Error) => void;
}

export interface Integrator extends Closeable {
  /** Entries under the newest checkpoint: the `seq` up to which events are proven. */
  size(): number;
  /** Integrates everything the journal has now, without waiting for the interval. Rejects once the integrator has failed. */
  integrate(): Promise<void>;
  /** Integrates what is left, then stops. */
  close(): Promise<void>;
}

const INTERVAL_MS = 500;
const MAX_BATCH = 8192;

/**
 * Carries the journal into the ledger, a batch and a checkpoint at a time, at most one interval and one batch behind.
 *
 * @throws OperationalError LEDGER_INCONSISTENT when the ledger contradicts itself, or the journal is not the one it was
 *   made from; LEDGER_UNWRITABLE when the directory cannot be used.
 */
export async function startIntegrator(options: IntegratorOptions): Promise<Integrator> {
  const { journal, signer, log, intervalMs = INTERVAL_MS, maxBatch = MAX_BATCH } = options;
  const ledger = await openFor(journal, diskOf(options.dir), signer);
  log.info('ledger-opened', { origin: signer.origin, size: ledger.size, behind: journal.head() - ledger.size });

  let closed = false;
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  /** One after another: a ledger has one writer. */
  const integrate = (): Promise<void> => {
    const next = running.then(async () => {
      if (failure !== undefined) throw failure;
      try {
        await catchUp(ledger, journal, maxBatch);
      } catch (error) {
        failure = describe(error);
        log.error('ledger-stopped', { reason: failure.message, size: ledger.size });
        options.onFailure?.(failure);
        throw failure;
      }
    });
    running = next.catch(() => undefined);
    return next;
  };

  const tick = (): void => {
    const startedAt = performance.now();
    // The failure has been told; without it there is nothing to wait for.
    void integrate().then(
      () => {
        // From start to start: an event waits for one interval and one batch, not for an interval after a batch.
        if (!closed) timer = setTimeout(tick, Math.max(0, intervalMs - (performance.now() - startedAt)));
      },
      () => undefined,
    );
  };
  tick();

  return {
    size: () => ledger.size,
    integrate,
    close: async () => {
      if (closed) return running;
      closed = true;
      clearTimeout(timer);
      if (failure === undefined) await integrate();
    },
  };
}

async function openFor(journal: EntrySource, disk: LedgerDisk, signer: LedgerSigner): Promise<Ledger> {
  try {
    const ledger = await openLedger(disk, signer);
    await compareWithJournal(ledger, journal);
    return ledger;
  } catch (error) {
    throw describe(error);
  }
}

async function catchUp(ledger: Ledger, journal: EntrySource, maxBatch: number): Promise<void> {
  const head = journal.head();
  while (ledger.size < head) {
    const from = ledger.size + 1;
    const events = journal.read(from, Math.min(maxBatch, head - ledger.size));
    const gap = events.findIndex(({ seq }, at) => seq !== from + at);
    if (events.length === 0 || gap >= 0) {
      throw inconsistent(`The journal has no event ${from + Math.max(gap, 0)}, which the ledger needs next`);
    }
    await ledger.append(events.map(({ bytes }) => bytes));
  }
}

/** An older copy of the journal, or another one, must not be appended to what was signed. */
async function compareWithJournal(ledger: Ledger, journal: EntrySource): Promise<void> {
  const { size } = ledger;
  if (journal.head() < size) {
    throw inconsistent(`${size} events were signed, but the journal ends at ${journal.head()}: it is an older copy`);
  }
  const leaf = await ledger.lastLeaf();
  const last = size === 0 ? undefined : journal.read(size, 1)[0];
  // An event that was pruned from the journal cannot be compared; it was when it was there.
  if (leaf === undefined || last?.seq !== size) return;
  if (!leafHash(last.bytes).equals(leaf))
    throw inconsistent(`Event ${size} of the journal is not the one that was signed`);
}

/** What the file system threw becomes an operational error; a bug stays one. */
function describe(error: unknown): Error {
  if (error instanceof Error && 'syscall' in error) {
    return new OperationalError('LEDGER_UNWRITABLE', error.message, { cause: error });
  }
  return error instanceof Error ? error : new Error(messageOf(error));
}
