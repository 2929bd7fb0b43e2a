import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { silentLog, systemClock, type Clock, type OperationalError } from '../../../src/base/index.ts';
import { parseKeyEvent, type KeyEvent } from '../../../src/events/index.ts';
import { Journal, type Decided, type EventDraft, type Write } from '../../../src/journal/index.ts';

export const ACCOUNT = '000000000000';

/** An event with no more than it needs. */
export const draft = (requestId = '-', more: Partial<EventDraft> = {}): EventDraft => ({
  operation: 'DescribeKey',
  kind: 'management',
  outcome: 'success',
  region: 'eu-central-1',
  actor: { arn: `arn:aws:iam::${ACCOUNT}:root`, type: 'root', account: ACCOUNT },
  origin: {},
  request: {},
  trace: { requestId },
  changes: [],
  startedUs: 0,
  cryptoUs: 0,
  ...more,
});

export const decided = <T>(answer: T, writes: readonly Write[] = [], requestId?: string): Decided<T> => ({
  draft: draft(requestId),
  writes,
  answer,
});

/** A row of a table that nothing else uses in these tests. */
export const row = (key: string, value: unknown): Write => ({ table: 'meta', key, value });

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function freshPath(): string {
  const path = mkdtempSync(join(tmpdir(), 'keyledger-journal-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function openJournal(
  path = freshPath(),
  { clock = systemClock, onFence }: { clock?: Clock; onFence?: (error: OperationalError) => void } = {},
): Journal {
  const journal = new Journal({ path, clock, log: silentLog, ...(onFence === undefined ? {} : { onFence }) });
  cleanups.push(() => journal.close());
  return journal;
}

/** Every event of a journal, each parsed strictly. */
export function eventsOf(journal: Pick<Journal, 'read'>): KeyEvent[] {
  return journal.read(1, 1_000_000).map(({ bytes }) => {
    const parsed = parseKeyEvent(bytes);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value;
  });
}

export function clockAt(startUs: number): Clock & { us: number } {
  return {
    us: startUs,
    nowUs() {
      return this.us;
    },
    monotonicUs: () => systemClock.monotonicUs(),
  };
}
