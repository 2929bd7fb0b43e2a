import { OperationalError } from '../base/index.ts';
import { decodeBundle } from './bundle.ts';
import type { LedgerDisk } from './disk.ts';
import { HASH_BYTES, type Hash } from './hash.ts';
import { decodeTile, HashEdge } from './hash-edge.ts';
import { rootOf, type NodeReader } from './merkle.ts';
import { TILE_HEIGHT, TILE_WIDTH, hashesAt, tilePath, widthOf, type TileCoordinates } from './tile-path.ts';

/** Reads one published tree; each file at most once. What is missing or misshapen is LEDGER_INCONSISTENT. */
export interface TreeReader {
  /** The hash of a complete subtree, for the proofs of merkle.ts. */
  readonly node: NodeReader;
  /** The hashes of one tile, as wide as it is in a tree of this size. */
  readonly tile: (level: number, index: number) => Promise<readonly Hash[]>;
  /** The entries of one bundle, likewise. */
  readonly bundle: (index: number) => Promise<readonly Buffer[]>;
  /** The right edge, ready to be appended to. */
  readonly edge: () => Promise<HashEdge>;
}

export function readTree(disk: LedgerDisk, size: number): TreeReader {
  const tiles = new Map<string, Promise<readonly Hash[]>>();

  const tile = (level: number, index: number): Promise<readonly Hash[]> => {
    const width = widthOf(index, hashesAt(level, size));
    const path = tilePath({ level, index, width });
    let hashes = tiles.get(path);
    if (hashes === undefined) tiles.set(path, (hashes = readTile(disk, { level, index, width })));
    return hashes;
  };

  return {
    tile,
    node: async (level, index) => {
      const tileLevel = Math.floor(level / TILE_HEIGHT);
      const width = 2 ** (level % TILE_HEIGHT);
      const first = index * width;
      const hashes = await tile(tileLevel, Math.floor(first / TILE_WIDTH));
      return rootOf(hashes.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + width));
    },
    bundle: (index) => readBundle(disk, { level: 'entries', index, width: widthOf(index, size) }),
    edge: async () => {
      const levels: (readonly Hash[])[] = [];
      for (let level = 0; hashesAt(level, size) > 0; level += 1) {
        const count = hashesAt(level, size);
        levels.push(count % TILE_WIDTH === 0 ? [] : await tile(level, Math.floor(count / TILE_WIDTH)));
      }
      return new HashEdge(size, levels);
    },
  };
}

async function readTile(disk: LedgerDisk, coordinates: TileCoordinates): Promise<readonly Hash[]> {
  const { path, bytes } = await mustFind(disk, coordinates);
  const hashes = decodeTile(bytes);
  if (hashes.length * HASH_BYTES !== bytes.length || hashes.length < coordinates.width) {
    throw new OperationalError(
      'LEDGER_INCONSISTENT',
      `${path} has ${bytes.length} bytes, which is no tile of its width`,
    );
  }
  return hashes.slice(0, coordinates.width);
}

async function readBundle(disk: LedgerDisk, coordinates: TileCoordinates): Promise<readonly Buffer[]> {
  const { path, bytes } = await mustFind(disk, coordinates);
  const entries = decodeBundle(bytes);
  if (!entries.ok) throw new OperationalError('LEDGER_INCONSISTENT', `${path} is damaged: ${entries.reason}`);
  if (entries.value.length < coordinates.width) {
    throw new OperationalError('LEDGER_INCONSISTENT', `${path} has ${entries.value.length} entries, not its width`);
  }
  return entries.value.slice(0, coordinates.width);
}

interface Found {
  readonly path: string;
  readonly bytes: Buffer;
  /** The width of the file that was found. */
  readonly width: number;
}

/** The file of a tile or bundle; where a partial one is gone, it has become full since. */
export async function findTile(disk: LedgerDisk, coordinates: TileCoordinates): Promise<Found | undefined> {
  for (const width of new Set([coordinates.width, TILE_WIDTH])) {
    const path = tilePath({ ...coordinates, width });
    const bytes = await disk.read(path);
    if (bytes !== undefined) return { path, bytes, width };
  }
  return undefined;
}

async function mustFind(disk: LedgerDisk, coordinates: TileCoordinates): Promise<Found> {
  const found = await findTile(disk, coordinates);
  if (found === undefined) throw new OperationalError('LEDGER_INCONSISTENT', `${tilePath(coordinates)} is missing`);
  return found;
}
