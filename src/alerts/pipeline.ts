import { parseIsoMicros, silentLog, type Log } from '../base/index.ts';
import { parseFinding, TOPICS, type Alert, type Finding } from '../events/index.ts';
import type { Consumer, Rejection } from '../stream/index.ts';
import { Incidents, IncidentState } from './incidents.ts';

/** Where open incidents outlive the process; a room with a disk supplies it. `save` replaces the old bytes whole or not at all. */
export interface AlertStateStore {
  load(partition: number): Promise<{ readonly bytes: Uint8Array; readonly offset: number } | undefined>;
  save(partition: number, bytes: Uint8Array, offset: number): Promise<void>;
}

export interface PipelineOptions {
  readonly store: AlertStateStore;
  /** Resolves when the alerts are durable. May be called again with versions it has seen: they are the same. */
  readonly publish: (alerts: readonly Alert[]) => Promise<void>;
  readonly log?: Log;
  /** Consumer group (default `alerts`). */
  readonly group?: string;
}

export interface AlertPipeline extends Consumer<Finding> {
  readonly position: (partition: number) => Promise<number | undefined>;
  /**
   * Event time has come this far (microseconds since the epoch) although no finding says so: incidents that have ended are
   * closed. For a caller that knows the time, every minute or so.
   */
  advance(nowUs: number): Promise<void>;
}

interface Partition {
  readonly incidents: Incidents;
  offset: number | undefined;
  /** Alerts not yet known to be durable: a failed publication is repeated before anything else. */
  unpublished: Alert[];
  unsaved: boolean;
}

/**
 * Findings and alerts about one entity have one message key, so that they stay in order and in one partition: a group of
 * findings that were spread over partitions would become an alert in each.
 */
export const entityKey = (about: {
  readonly key?: string | undefined;
  readonly principal?: string | undefined;
  readonly id: string;
}): string => about.key ?? about.principal ?? about.id;

/**
 * Consumer of `keyledger.findings`. Order of durability: alerts, then state, then the acknowledgement; a crash anywhere repeats
 * findings, which gives the same versions of the same alerts, and receivers know a repeat by (id, version).
 */
export function alertPipeline({ store, publish, log = silentLog, group = 'alerts' }: PipelineOptions): AlertPipeline {
  const partitions = new Map<number, Partition>();
  let turn: Promise<unknown> = Promise.resolve();
  /** One at a time: a batch and the passing of time must not both hold the same incidents. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  async function load(number: number): Promise<Partition> {
    const saved = await store.load(number);
    const state = saved === undefined ? undefined : parseState(saved.bytes);
    if (saved !== undefined && state === undefined) log.warn('alert-state-rejected', { partition: number });
    const partition = {
      incidents: new Incidents(state),
      offset: state === undefined ? undefined : saved?.offset,
      unpublished: [],
      unsaved: false,
    };
    partitions.set(number, partition);
    return partition;
  }

  async function settle(number: number, partition: Partition): Promise<void> {
    if (partition.unpublished.length > 0) {
      await publish(partition.unpublished);
      for (const { id, version, status, severity } of partition.unpublished) {
        log.info('alert', { alert: id, version, status, severity });
      }
      partition.unpublished = [];
    }
    if (!partition.unsaved || partition.offset === undefined) return;
    await store.save(number, Buffer.from(JSON.stringify(partition.incidents.state())), partition.offset);
    partition.unsaved = false;
  }

  return {
    group,
    topic: TOPICS.findings,
    parse: parseFinding,

    handle: (batch) =>
      inTurn(async () => {
        const partition = partitions.get(batch.partition) ?? (await load(batch.partition));
        const rejections: Rejection[] = [];
        for (const { offset, value } of batch.items) {
          if (parseIsoMicros(value.time) === undefined) {
            rejections.push({ offset, reason: 'time: a date that does not exist' });
          } else {
            partition.unpublished.push(...partition.incidents.take(value));
          }
          partition.offset = offset + 1;
          partition.unsaved = true;
        }
        await settle(batch.partition, partition);
        return rejections;
      }),

    position: (number) => inTurn(async () => (await load(number)).offset),

    advance: (nowUs) =>
      inTurn(async () => {
        for (const [number, partition] of partitions) {
          const closed = partition.incidents.advance(nowUs);
          if (closed.length > 0) partition.unsaved = true;
          partition.unpublished.push(...closed);
          await settle(number, partition);
        }
      }),
  };
}

function parseState(bytes: Uint8Array): IncidentState | undefined {
  try {
    return IncidentState.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return undefined;
  }
}
