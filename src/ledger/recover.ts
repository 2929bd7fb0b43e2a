import { OperationalError } from '../base/index.ts';
import { openCheckpoint, parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { LedgerDisk } from './disk.ts';
import { leafHash } from './hash.ts';
import { HashEdge } from './hash-edge.ts';
import { treeRoot } from './merkle.ts';
import { TILE_WIDTH } from './tile-path.ts';
import { readTree, type TreeReader } from './tree-reader.ts';
import type { NoteVerifier } from './vkey.ts';

/** The newest thing ever signed, as the text of its checkpoint; durable before the checkpoint is published. */
export const SIGNED_HEAD = 'signed-head';
export const CHECKPOINT = 'checkpoint';

/** A ledger as a crash may have left it, checked against what was last signed. */
export interface Recovered {
  readonly edge: HashEdge;
  /** Entries of the bundle that is not yet full. */
  readonly entries: readonly Uint8Array[];
  /** What was last signed; undefined for a ledger that has never signed anything. */
  readonly signed: Checkpoint | undefined;
  /** Size of the published checkpoint; smaller than the signed one where a crash came between the two. */
  readonly published: number | undefined;
}

/**
 * Reads a ledger back. Tiles beyond the signed size are left alone: the same entries will make the same files again.
 *
 * @throws OperationalError LEDGER_INCONSISTENT when the tiles do not have the root that was last signed, or the published
 *   checkpoint is not the signed tree or an earlier state of it.
 */
export async function recover(disk: LedgerDisk, log: NoteVerifier): Promise<Recovered> {
  const signed = await readSigned(disk, log);
  const tree = readTree(disk, signed?.size ?? 0);
  const edge = await tree.edge();
  if (signed !== undefined && !edge.root().equals(signed.root)) {
    throw inconsistent(`The tiles do not have the root that was signed for ${signed.size} entries`);
  }
  const published = await readPublished(disk, log, signed);
  return { edge, entries: await partialBundle(tree, edge), signed, published };
}

async function readSigned(disk: LedgerDisk, log: NoteVerifier): Promise<Checkpoint | undefined> {
  const bytes = await disk.read(SIGNED_HEAD);
  if (bytes === undefined) return undefined;
  const parsed = parseCheckpoint(bytes.toString('utf8'));
  if (!parsed.ok) throw inconsistent(`${SIGNED_HEAD} is damaged: ${parsed.reason}`);
  if (parsed.value.origin !== log.name) {
    throw inconsistent(`The ledger is that of ${parsed.value.origin}, not of ${log.name}`);
  }
  return parsed.value;
}

async function readPublished(
  disk: LedgerDisk,
  log: NoteVerifier,
  signed: Checkpoint | undefined,
): Promise<number | undefined> {
  const bytes = await disk.read(CHECKPOINT);
  if (bytes === undefined) return undefined;
  if (signed === undefined) throw inconsistent(`There is a checkpoint, but ${SIGNED_HEAD} is gone`);
  const opened = openCheckpoint(bytes.toString('utf8'), log);
  if (!opened.ok) throw inconsistent(`The published checkpoint is not acceptable: ${opened.reason}`);
  const { size, root } = opened.value;
  if (size > signed.size)
    throw inconsistent(`${size} entries were published, but only ${signed.size} are known as signed`);
  const prefix = await treeRoot(size, readTree(disk, signed.size).node);
  if (!prefix.equals(root)) throw inconsistent(`The published checkpoint of ${size} entries is another tree`);
  return size;
}

async function partialBundle(tree: TreeReader, edge: HashEdge): Promise<readonly Uint8Array[]> {
  if (edge.size % TILE_WIDTH === 0) return [];
  const index = Math.floor(edge.size / TILE_WIDTH);
  const leaves = await tree.tile(0, index);
  const entries = await tree.bundle(index);
  const bad = entries.findIndex((entry, at) => leaves[at]?.equals(leafHash(entry)) !== true);
  if (bad >= 0) throw inconsistent(`Entry ${index * TILE_WIDTH + bad} does not hash to its leaf`);
  return entries;
}

export const inconsistent = (message: string): OperationalError => new OperationalError('LEDGER_INCONSISTENT', message);
