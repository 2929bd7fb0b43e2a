import { OperationalError, messageOf, type Log } from '../base/index.ts';
import { backoffMs, sleep } from './backoff.ts';
import type { Batch, Subscription } from './event-log.ts';

export const DEFAULT_MAX_BATCH = 1000;

/**
 * Hands one batch over until it is taken, with a growing pause between attempts. False when the signal ended it first; then
 * nothing may be acknowledged.
 */
export async function deliver(batch: Batch, to: Subscription, log: Log, signal: AbortSignal): Promise<boolean> {
  return persist(() => to.handle(batch), log, signal, {
    topic: batch.topic,
    group: to.group,
    partition: batch.partition,
    offset: batch.messages[0]?.offset,
    messages: batch.messages.length,
  });
}

/** Where a consumer that keeps its own position wants to begin; waits an outage out. `ended` when the signal came first. */
export async function askPosition(
  partition: number,
  to: Subscription,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly next: number | undefined } | 'ended'> {
  let next: number | undefined;
  const ask = async (): Promise<void> => {
    next = await to.position?.(partition);
  };
  const asked = await persist(ask, log, signal, { topic: to.topic, group: to.group, partition });
  return asked ? { next } : 'ended';
}

async function persist(
  attempt: () => Promise<void>,
  log: Log,
  signal: AbortSignal,
  about: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await attempt();
      if (failures > 0) log.info('stream-outage-over', { ...about, failures });
      return true;
    } catch (error) {
      const retryInMs = Math.ceil(backoffMs(failures));
      // What is not an operational error is most likely a bug in the handler: a person must see it.
      const level = error instanceof OperationalError ? 'warn' : 'error';
      const code = error instanceof OperationalError ? error.code : undefined;
      log[level]('stream-outage', { ...about, failures: failures + 1, retryInMs, code, reason: messageOf(error) });
      await sleep(retryInMs, signal);
    }
  }
  return false;
}
