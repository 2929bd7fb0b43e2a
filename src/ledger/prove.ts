import { OperationalError } from '../base/index.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { diskOf, type LedgerDisk } from './disk.ts';
import type { Hash } from './hash.ts';
import { consistencyProof, inclusionProof } from './merkle.ts';
import { formatProof } from './proof.ts';
import { CHECKPOINT, inconsistent } from './recover.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { readTree } from './tree-reader.ts';

/** An entry with the proof that it is in the published tree. */
export interface ProvenEntry {
  readonly entry: Buffer;
  /** A c2sp.org/tlog-proof, to be stored as `.tlog-proof`. */
  readonly proof: string;
}

/**
 * Proves that entry `index` (event `seq - 1`) is in the tree of the published checkpoint. The proof stands alone: it carries
 * the checkpoint and needs neither service nor files to be verified.
 *
 * @throws OperationalError NOT_FOUND while no checkpoint covers the entry; LEDGER_INCONSISTENT where files are damaged.
 */
export async function proveInclusion(dir: string | LedgerDisk, index: number): Promise<ProvenEntry> {
  const disk = diskOf(dir);
  const { note, size } = await published(disk);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new OperationalError(
      'NOT_FOUND',
      `The checkpoint covers entries 0 to ${size - 1}; ${index} is not among them`,
    );
  }
  const tree = readTree(disk, size);
  const hashes = await inclusionProof(index, size, tree.node);
  const entry = (await tree.bundle(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH];
  if (entry === undefined) throw inconsistent(`The bundle of entry ${index} does not hold it`);
  return { entry, proof: formatProof({ index, hashes, checkpoint: note }) };
}

/** Proves that the published tree begins with the tree of `from` entries, for a witness or an auditor who holds that. */
export async function proveConsistency(
  dir: string | LedgerDisk,
  from: number,
): Promise<{ readonly checkpoint: string; readonly hashes: readonly Hash[] }> {
  const disk = diskOf(dir);
  const { note, size } = await published(disk);
  if (!Number.isSafeInteger(from) || from < 0 || from > size) {
    throw new OperationalError('NOT_FOUND', `The checkpoint is of ${size} entries; there is no tree of ${from} in it`);
  }
  return { checkpoint: note, hashes: await consistencyProof(from, size, readTree(disk, size).node) };
}

/** The published checkpoint. Its signature is for the receiver of the proof to check, with a key from elsewhere. */
async function published(disk: LedgerDisk): Promise<{ readonly note: string; readonly size: number }> {
  const note = (await disk.read(CHECKPOINT))?.toString('utf8');
  if (note === undefined) throw new OperationalError('NOT_FOUND', 'There is no checkpoint yet');
  const text = note.slice(0, note.indexOf('\n\n') + 1);
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) throw inconsistent(`The published checkpoint is damaged: ${parsed.reason}`);
  return { note, size: parsed.value.size };
}
