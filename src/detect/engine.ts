import { silentLog, type Log } from '../base/index.ts';
import { parseKeyEvent, TOPICS, type Finding, type KeyEvent } from '../events/index.ts';
import type { Detector } from './detector.ts';
import { eventTimeUs } from './event-time.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotStore } from './snapshot.ts';
import { Watch } from './watch.ts';

export interface EngineOptions {
  readonly detectors: readonly Detector<unknown>[];
  readonly snapshots: SnapshotStore;
  /** Resolves when the findings are durable. May be called again with findings it has seen: ids are the same. */
  readonly publish: (findings: readonly Finding[]) => Promise<void>;
  readonly log?: Log;
  /** Consumer group (default `detect`). */
  readonly group?: string;
  /** Cap on entities per detector and partition (default 100,000). One of KL-06 takes about 750 bytes, its names included. */
  readonly maxEntities?: number;
  /** After its first batch, a partition is saved after at most so many events (default 50,000)... */
  readonly snapshotEvents?: number;
  /** ...or so much event time, in seconds (default 60). */
  readonly snapshotSeconds?: number;
}

/** One message of the event log, understood. */
interface Item {
  readonly offset: number;
  readonly value: KeyEvent;
}

/** Everything known about one partition. */
interface Partition {
  readonly watches: readonly Watch[];
  /** Highest sequence number folded in; `seq` ascends within a partition, so what is not above it is a repeat. */
  seq: number;
  /** Next offset wanted; undefined before the first batch of a partition without a snapshot. */
  offset: number | undefined;
  /** Findings not yet known to be durable: a failed publication is repeated before anything else. */
  unpublished: Finding[];
  /** Whether the store has this partition: without, a replay would begin at the group's checkpoint, with nothing learnt. */
  saved: boolean;
  eventsSinceSnapshot: number;
  lastTimeUs: number;
  snapshotTimeUs: number;
}

export interface EngineStatus {
  readonly detector: string;
  readonly partition: number;
  readonly entities: number;
  readonly evicted: number;
}

/** The shape of the stream's consumer port, which this room may not import. */
export interface DetectionEngine {
  readonly group: string;
  readonly topic: typeof TOPICS.keyEvents;
  readonly parse: typeof parseKeyEvent;
  readonly handle: (batch: {
    readonly partition: number;
    readonly items: readonly Item[];
  }) => Promise<readonly { readonly offset: number; readonly reason: string }[]>;
  /** Where to read on from. Asked on every assignment, when another process may have moved on: memory gives way to disk. */
  readonly position: (partition: number) => Promise<number | undefined>;
  /** How much is remembered; for `status` and metrics. */
  readonly status: () => readonly EngineStatus[];
}

/**
 * All detectors as one consumer of `keyledger.key-events`.
 *
 * Order of durability: findings, then snapshot, then the acknowledgement. A crash anywhere leaves an older snapshot;
 * the replay from its offset gives the same findings with the same ids, and whoever reads them drops the repeats.
 */
export function detectionEngine(options: EngineOptions): DetectionEngine {
  const { detectors, snapshots, publish, log = silentLog, maxEntities = 100_000 } = options;
  const { snapshotEvents = 50_000, snapshotSeconds = 60 } = options;
  const partitions = new Map<number, Partition>();

  async function load(number: number): Promise<Partition> {
    const fresh: Partition = {
      watches: detectors.map((detector) => new Watch(detector, maxEntities)),
      seq: 0,
      offset: undefined,
      unpublished: [],
      saved: false,
      eventsSinceSnapshot: 0,
      lastTimeUs: 0,
      snapshotTimeUs: 0,
    };
    const saved = await snapshots.load(number);
    if (saved !== undefined) restore(number, fresh, saved);
    partitions.set(number, fresh);
    return fresh;
  }

  /** What does not pass is left out and said: those baselines begin anew, under the rules for short histories. */
  function restore(
    number: number,
    partition: Partition,
    saved: { readonly bytes: Uint8Array; readonly offset: number },
  ) {
    const snapshot = decodeSnapshot(saved.bytes);
    if (!snapshot.ok) {
      log.warn('detector-snapshot-rejected', { partition: number, reason: snapshot.reason });
      return;
    }
    partition.saved = true;
    partition.seq = snapshot.value.seq;
    partition.offset = saved.offset;
    for (const watch of partition.watches) {
      const section = snapshot.value.sections.find(({ id }) => id === watch.claim.id);
      if (section === undefined || watch.restore(section)) continue;
      log.warn('detector-baselines-discarded', { partition: number, detector: section.id, version: section.version });
    }
  }

  async function settle(number: number, partition: Partition): Promise<void> {
    if (partition.unpublished.length > 0) {
      await publish(partition.unpublished);
      partition.unpublished = [];
    }
    const elapsedUs = Math.abs(partition.lastTimeUs - partition.snapshotTimeUs);
    const due =
      partition.eventsSinceSnapshot >= snapshotEvents || elapsedUs >= snapshotSeconds * 1e6 || !partition.saved;
    if (!due || partition.eventsSinceSnapshot === 0 || partition.offset === undefined) return;
    const sections = partition.watches.map((watch) => watch.section());
    await snapshots.save(number, encodeSnapshot({ seq: partition.seq, sections }), partition.offset);
    partition.saved = true;
    partition.eventsSinceSnapshot = 0;
    partition.snapshotTimeUs = partition.lastTimeUs;
  }

  return {
    group: options.group ?? 'detect',
    topic: TOPICS.keyEvents,
    parse: parseKeyEvent,

    async handle(batch) {
      const partition = partitions.get(batch.partition) ?? (await load(batch.partition));
      const rejections: { offset: number; reason: string }[] = [];
      for (const { offset, value } of batch.items) {
        partition.offset = offset + 1;
        const timeUs = eventTimeUs(value.time);
        if (timeUs === undefined) {
          rejections.push({ offset, reason: 'time: a date that does not exist' });
          continue;
        }
        if (value.seq <= partition.seq) continue;
        for (const watch of partition.watches) {
          const findings = watch.observe(value);
          if (findings.length > 0) partition.unpublished.push(...findings);
        }
        partition.seq = value.seq;
        partition.eventsSinceSnapshot += 1;
        if (partition.snapshotTimeUs === 0) partition.snapshotTimeUs = timeUs;
        partition.lastTimeUs = timeUs;
      }
      await settle(batch.partition, partition);
      return rejections;
    },

    async position(partition) {
      return (await load(partition)).offset;
    },

    status() {
      return [...partitions].flatMap(([partition, { watches }]) =>
        watches.map(({ claim, size, evicted }) => ({ detector: claim.id, partition, entities: size, evicted })),
      );
    },
  };
}
