import { z } from 'zod';
import type { Parsed } from '../events/index.ts';

/**
 * Where snapshots are kept; a room with a disk supplies it. `save` replaces the old one whole or not at all, and resolves
 * when it would survive a power cut.
 */
export interface SnapshotStore {
  load(partition: number): Promise<{ readonly bytes: Uint8Array; readonly offset: number } | undefined>;
  /** `offset` is the next one wanted by whoever starts from these bytes. */
  save(partition: number, bytes: Uint8Array, offset: number): Promise<void>;
}

const Header = z.strictObject({
  v: z.literal(1),
  /** Highest sequence number folded in. */
  seq: z.int().min(0),
  detectors: z.array(z.strictObject({ id: z.string(), version: z.int(), entities: z.int().min(0) })),
});

/** The baselines of one detector, least recently seen first. */
export interface Section {
  readonly id: string;
  readonly version: number;
  readonly size: number;
  readonly entries: () => Iterable<readonly [scope: string, baseline: unknown]>;
}

export interface Snapshot {
  readonly seq: number;
  readonly sections: readonly Section[];
}

/** Lines of JSON: a header with the counts, then one line per entity, in the order of the header's detectors. */
export function encodeSnapshot({ seq, sections }: Snapshot): Uint8Array {
  const detectors = sections.map(({ id, version, size }) => ({ id, version, entities: size }));
  const lines = [JSON.stringify({ v: 1, seq, detectors })];
  for (const section of sections) for (const entry of section.entries()) lines.push(JSON.stringify(entry));
  return Buffer.from(lines.join('\n'), 'utf8');
}

const Entry = z.tuple([z.string(), z.unknown()]);

/** Reads the frame; what an entity's baseline may look like is for its detector to say. */
export function decodeSnapshot(bytes: Uint8Array): Parsed<Snapshot> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  try {
    const header = Header.parse(JSON.parse(lines[0] ?? ''));
    const total = header.detectors.reduce((sum, { entities }) => sum + entities, 0);
    if (lines.length !== total + 1) return { ok: false, reason: 'the header and the lines disagree' };
    let from = 1;
    const sections = header.detectors.map(({ id, version, entities }) => {
      const entries = lines.slice(from, (from += entities)).map((line) => Entry.parse(JSON.parse(line)));
      return { id, version, size: entities, entries: () => entries };
    });
    return { ok: true, value: { seq: header.seq, sections } };
  } catch {
    return { ok: false, reason: 'not a snapshot of this version' };
  }
}
