import { messageOf, type Log } from '../base/index.ts';
import type { Intent, Line, SinkBatches } from './sink-batches.ts';

export interface IdleMarker {
  /** A batch is whole; unless another follows soon, it is marked so. */
  finished(line: Line, intent: Intent): void;
  busy(partition: number): void;
}

/**
 * Marks a partition's last batch done once nothing followed it. Otherwise a partition idle for so long that its token is forgotten
 * (10,000 inserts of others) would count that batch twice at the next start. A busy one needs no mark: the next intent says it.
 */
export function idleMarker(batches: SinkBatches, log: Log, afterMs: number): IdleMarker {
  const timers = new Map<number, NodeJS.Timeout>();
  const busy = (partition: number): void => clearTimeout(timers.get(partition));
  return {
    busy,
    finished: (line, intent) => {
      busy(line.partition);
      const mark = (): void => {
        batches.markDone(line, intent).catch((error: unknown) => {
          log.warn('sink-mark-failed', { partition: line.partition, reason: messageOf(error) });
        });
      };
      timers.set(line.partition, setTimeout(mark, afterMs).unref());
    },
  };
}
