import { toIsoMicros, type Clock, type Closeable, type Log } from '../base/index.ts';
import type { Actor, Change } from '../events/index.ts';
import type { Decided, Journal, StateView, Write } from '../journal/index.ts';
import { currentMaterial, foldChanges, type DueWork, type Key } from './domain/index.ts';
import { keyRef } from './find-key.ts';
import type { KeyStore } from './keystore/index.ts';
import { rotate } from './operations/rotation.ts';

interface DueRow {
  readonly work: DueWork;
  readonly arn: string;
  readonly at: string;
}

const BATCH = 500;
/** How events name what is done without being asked for. */
const OPERATIONS = { delete: 'DeleteKey', rotate: 'RotateKey', expire: 'ExpireKeyMaterial' } as const;

const schedulerOf = (account: string): Actor => ({
  arn: `arn:aws:keyledger::${account}:system/scheduler`,
  type: 'system',
  account,
});

/** What is due at a time, oldest first. */
function dueRows(state: StateView, nowUs: number): readonly { key: string; row: DueRow }[] {
  const now = toIsoMicros(nowUs);
  return state
    .range('due', '', undefined, BATCH)
    .filter(({ value }) => (value as DueRow).at <= now)
    .map(({ key, value }) => ({ key, row: value as DueRow }));
}

/** The facts that work due now leads to, given the key as it is: it may have been cancelled or done since. */
function perform(
  row: DueRow,
  key: Key | undefined,
  keyStore: KeyStore,
  nowUs: number,
): { changes: Change[]; attachments: Write[] } {
  if (row.work === 'delete' && key?.status === 'PendingDeletion' && key.deleteAt === row.at)
    return { changes: [{ type: 'KeyDeleted', v: 1, key: key.arn }], attachments: [] };
  if (row.work === 'rotate' && key?.rotation?.nextAt === row.at && key.status === 'Enabled') {
    const { change, write } = rotate(keyStore, key, 'AUTOMATIC', nowUs);
    return { changes: [change], attachments: [write] };
  }
  if (row.work === 'expire' && key !== undefined && key.status !== 'Deleted') {
    const { version, expiresAt } = currentMaterial(key);
    if (expiresAt === row.at)
      return { changes: [{ type: 'KeyMaterialExpired', v: 1, key: key.arn, version }], attachments: [] };
  }
  return { changes: [], attachments: [] };
}

/** Carries out one piece of due work as one event; one that was cancelled a moment ago is recorded as that. */
function decide(
  name: string,
  row: DueRow,
  keyStore: KeyStore,
  state: StateView,
  nowUs: number,
): Decided<Key | undefined> {
  const key = state.get('keys', row.arn) as Key | undefined;
  const { changes, attachments } = perform(row, key, keyStore, nowUs);
  const account = key?.account ?? '000000000000';
  const done = changes.length > 0;
  const writes: Write[] = [
    { table: 'due', key: name, value: undefined },
    ...foldChanges(state, changes),
    ...attachments,
  ];
  return {
    draft: {
      operation: OPERATIONS[row.work],
      kind: 'system',
      outcome: done ? 'success' : 'invalid',
      ...(done ? {} : { errorCode: 'KMSInvalidStateException' }),
      region: key?.region ?? 'global',
      actor: schedulerOf(account),
      origin: {},
      ...(key === undefined ? {} : { key: keyRef(key, currentMaterial(key).version) }),
      request: { dueAt: row.at },
      trace: { requestId: '-' },
      changes,
      startedUs: Number.MAX_SAFE_INTEGER,
      cryptoUs: 0,
    },
    writes,
    answer: done && row.work !== 'rotate' ? key : undefined,
  };
}

/** Carries out everything that is due; returns how many pieces of work there were. */
export async function runDueWork(journal: Journal, keyStore: KeyStore, clock: Clock): Promise<number> {
  const due = dueRows(journal.state, clock.nowUs());
  await Promise.all(
    due.map(async ({ key, row }) => {
      const { answer } = await journal.recordInTurn((state, nowUs) => decide(key, row, keyStore, state, nowUs));
      if (answer !== undefined) keyStore.forget(answer.arn);
    }),
  );
  return due.length;
}

/** Looks for due work at once and then every `intervalMs`; what a stop missed is done at the next start. */
export function startDueWork(options: {
  journal: Journal;
  keyStore: KeyStore;
  clock: Clock;
  log: Log;
  intervalMs: number;
}): Closeable {
  const { journal, keyStore, clock, log, intervalMs } = options;
  let running: Promise<void> = Promise.resolve();
  const tick = (): void => {
    running = running
      .then(async () => {
        while ((await runDueWork(journal, keyStore, clock)) === BATCH);
      })
      .catch((error: unknown) =>
        log.error('due-work-failed', { reason: error instanceof Error ? error.message : String(error) }),
      );
  };
  tick();
  const timer = setInterval(tick, intervalMs);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
