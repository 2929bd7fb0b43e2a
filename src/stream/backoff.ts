import { setTimeout as timer } from 'node:timers/promises';

/** Bounds of the pause between attempts, in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Between two attempts at the same batch. */
export const BATCH_BACKOFF: Backoff = { baseMs: 100, capMs: 10_000 };

/** Full jitter: uniform between nothing and the doubled-and-capped base, so that many waiters do not return at once. */
export function backoffMs(attempt: number, { baseMs, capMs }: Backoff = BATCH_BACKOFF): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}

/** Resolves after the time, or at once when the signal aborts; never rejects. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await timer(ms, undefined, { signal }).catch(() => undefined);
}

/** Waits for `work`, but not longer than `ms`. True when it settled in time; its rejection is swallowed. */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  const late = timer(ms, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    done.abort();
  }
}
