import { OperationalError } from '../base/index.ts';
import { decodeBundle } from './bundle.ts';
import { openCheckpoint, type OpenedCheckpoint } from './checkpoint.ts';
import { diskOf, type LedgerDisk } from './disk.ts';
import { HASH_BYTES, leafHash, type Hash } from './hash.ts';
import { encodeTile, HashEdge } from './hash-edge.ts';
import { rootOf } from './merkle.ts';
import { CHECKPOINT } from './recover.ts';
import { TILE_WIDTH, tilePath, widthOf, type TileCoordinates } from './tile-path.ts';
import { findTile, readTree } from './tree-reader.ts';
import { parseVkey } from './vkey.ts';

/** The first thing found wrong with a log. */
export interface LogFault {
  readonly ok: false;
  /** The file that is wrong, relative to the log. */
  readonly file: string;
  /** The entry concerned, where one is. */
  readonly index?: number;
  readonly reason: string;
}

export type LogVerdict = ({ readonly ok: true } & OpenedCheckpoint) | LogFault;

export interface VerifyOptions {
  /** Told after each bundle how many entries have been verified. */
  readonly onProgress?: (verified: number, size: number) => void;
}

/**
 * Recomputes a whole log from its entry bundles and compares every tile and the root with what is stored and signed.
 * Needs the directory and the verifier key, nothing else; memory does not grow with the log.
 */
export async function verifyLog(
  dir: string | LedgerDisk,
  vkey: string,
  options: VerifyOptions = {},
): Promise<LogVerdict> {
  const disk = diskOf(dir);
  const checkpoint = await openPublished(disk, vkey);
  if (!checkpoint.ok) return checkpoint;
  const { size, root } = checkpoint;

  const edge = new HashEdge();
  for (let index = 0; index * TILE_WIDTH < size; index += 1) {
    const fault = await verifyBundle(disk, edge, index, checkpoint);
    if (fault !== undefined) return fault;
    options.onProgress?.(edge.size, size);
  }
  for (const [tile, hashes] of edge.partials()) {
    const fault = tile.level === 0 ? undefined : await compareTile(disk, tile, hashes);
    if (fault !== undefined) return fault;
  }
  if (edge.root().equals(root)) return checkpoint;
  return {
    ok: false,
    file: CHECKPOINT,
    reason: 'the entries and tiles agree, but do not have the root that was signed',
  };
}

async function openPublished(disk: LedgerDisk, vkey: string): Promise<({ ok: true } & OpenedCheckpoint) | LogFault> {
  const fault = (reason: string): LogFault => ({ ok: false, file: CHECKPOINT, reason });
  const log = parseVkey(vkey);
  if (!log.ok) return fault(log.reason);
  const note = await disk.read(CHECKPOINT);
  if (note === undefined) return fault('it is missing');
  const opened = openCheckpoint(note.toString('utf8'), log.value);
  return opened.ok ? { ok: true, ...opened.value } : fault(opened.reason);
}

/** Hashes one bundle onto the edge and compares each tile that becomes full with it, and the last tile of level 0. */
async function verifyBundle(
  disk: LedgerDisk,
  edge: HashEdge,
  index: number,
  head: { readonly size: number; readonly root: Hash },
): Promise<LogFault | undefined> {
  const width = widthOf(index, head.size);
  const leaves = await leavesOf(disk, { level: 'entries', index, width });
  if (!Array.isArray(leaves)) return leaves;
  const leafFault = await compareLeaves(disk, { level: 0, index, width }, leaves, head);
  if (leafFault !== undefined) return leafFault;
  const full: [TileCoordinates, readonly Hash[]][] = [];
  for (const leaf of leaves) edge.append(leaf, (tile, hashes) => full.push([tile, hashes]));
  for (const [tile, hashes] of full) {
    const fault = tile.level === 0 ? undefined : await compareTile(disk, tile, hashes);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function leavesOf(disk: LedgerDisk, bundle: TileCoordinates): Promise<Hash[] | LogFault> {
  const first = bundle.index * TILE_WIDTH;
  const found = await findTile(disk, bundle);
  if (found === undefined) return { ok: false, file: tilePath(bundle), index: first, reason: 'it is missing' };
  const entries = decodeBundle(found.bytes);
  if (!entries.ok) return { ok: false, file: found.path, index: first, reason: entries.reason };
  const { length } = entries.value;
  if (length !== found.width) {
    const index = first + Math.min(length, found.width);
    return { ok: false, file: found.path, index, reason: `it has ${length} entries instead of ${found.width}` };
  }
  return entries.value.slice(0, bundle.width).map(leafHash);
}

/** Entry and leaf differ: one of the two files was changed. The tree above the tile says which. */
async function compareLeaves(
  disk: LedgerDisk,
  tile: TileCoordinates,
  leaves: readonly Hash[],
  head: { readonly size: number; readonly root: Hash },
): Promise<LogFault | undefined> {
  const fault = await compareTile(disk, tile, leaves);
  if (fault?.index === undefined) return fault;
  if (!(await tileIsSigned(disk, tile, head))) return fault;
  const file = tilePath({ ...tile, level: 'entries' });
  return { ok: false, file, index: fault.index, reason: `entry ${fault.index} does not hash to its leaf` };
}

async function tileIsSigned(
  disk: LedgerDisk,
  tile: TileCoordinates,
  head: { readonly size: number; readonly root: Hash },
): Promise<boolean> {
  const tree = readTree(disk, head.size);
  try {
    if (tile.width < TILE_WIDTH) return (await tree.edge()).root().equals(head.root);
    const parent = (await tree.tile(1, Math.floor(tile.index / TILE_WIDTH)))[tile.index % TILE_WIDTH];
    return parent?.equals(rootOf(await tree.tile(0, tile.index))) === true;
  } catch (error) {
    // A damaged neighbour: then this tile cannot be vouched for.
    if (error instanceof OperationalError) return false;
    throw error;
  }
}

async function compareTile(
  disk: LedgerDisk,
  tile: TileCoordinates,
  hashes: readonly Hash[],
): Promise<LogFault | undefined> {
  const found = await findTile(disk, tile);
  if (found === undefined) return { ok: false, file: tilePath(tile), reason: 'it is missing' };
  const file = found.path;
  if (found.bytes.length !== found.width * HASH_BYTES) {
    const reason = `it has ${found.bytes.length} bytes instead of ${found.width * HASH_BYTES}`;
    return { ok: false, file, reason };
  }
  const expected = encodeTile(hashes);
  const stored = found.bytes.subarray(0, expected.length);
  if (stored.equals(expected)) return undefined;
  const at = hashes.findIndex((hash, n) => !hash.equals(stored.subarray(n * hash.length, (n + 1) * hash.length)));
  const entriesPerHash = tile.level === 'entries' ? 1 : TILE_WIDTH ** tile.level;
  const index = (tile.index * TILE_WIDTH + at) * entriesPerHash;
  return { ok: false, file, index, reason: `hash ${at} is not that of the entries below it` };
}
