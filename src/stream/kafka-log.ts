import type { logCreator, logLevel } from 'kafkajs';
import { messageOf, type Log } from '../base/index.ts';

/** The same line again within this time is counted, not written: a broker that is away is said to be away often. */
const QUIET_MS = 30_000;
const MOST_REMEMBERED = 200;

/**
 * What kafkajs says, one level down: it logs every ordinary retry as an error. What a person must act on is logged by the
 * adapter itself, when it has given up an attempt.
 */
export function kafkajsLogCreator(log: Log, errorLevel: logLevel, nowMs: () => number = Date.now): logCreator {
  const said = new Map<string, { at: number; more: number }>();
  return () =>
    ({ namespace, level, log: { message, broker, groupId, error } }) => {
      const line = `${namespace} ${message} ${String(broker)} ${String(groupId)}`;
      const before = said.get(line);
      if (before !== undefined && nowMs() - before.at < QUIET_MS) {
        before.more += 1;
        return;
      }
      if (said.size >= MOST_REMEMBERED) said.clear();
      said.set(line, { at: nowMs(), more: 0 });
      const fields = { namespace, message, broker: broker as unknown, groupId: groupId as unknown };
      const reason = error === undefined ? undefined : messageOf(error);
      log[level === errorLevel ? 'warn' : 'info']('kafka-client', { ...fields, reason, more: before?.more });
    };
}
