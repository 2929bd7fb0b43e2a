import { HASH_BYTES, type Hash } from './hash.ts';
import { rootOf, rootOfPeaks } from './merkle.ts';
import { TILE_WIDTH, hashesAt, type TileCoordinates } from './tile-path.ts';

export type TileListener = (tile: TileCoordinates & { readonly level: number }, hashes: readonly Hash[]) => void;

/**
 * The right edge of a tree: at each tile level the hashes of the one tile that is not yet full. All that must be in memory
 * to append leaves and to know the root, whatever the size.
 */
export class HashEdge {
  #size: number;
  readonly #levels: Hash[][];

  /** @param levels the partial tiles of a tree of that size, level 0 first */
  constructor(size = 0, levels: readonly (readonly Hash[])[] = []) {
    this.#size = size;
    this.#levels = levels.map((level) => [...level]);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf and hands over each tile that is full with it, lowest level first. */
  append(leaf: Hash, onFull: TileListener): void {
    this.#size += 1;
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const tile = (this.#levels[level] ??= []);
      tile.push(hash);
      if (tile.length < TILE_WIDTH) return;
      this.#levels[level] = [];
      onFull({ level, index: hashesAt(level + 1, this.#size) - 1, width: TILE_WIDTH }, tile);
      hash = rootOf(tile);
    }
  }

  /** The partial tiles as they are now, without the empty ones. */
  *partials(): Generator<readonly [TileCoordinates & { readonly level: number }, readonly Hash[]]> {
    for (const [level, hashes] of this.#levels.entries()) {
      if (hashes.length === 0) continue;
      yield [{ level, index: hashesAt(level + 1, this.#size), width: hashes.length }, hashes];
    }
  }

  root(): Hash {
    return rootOfPeaks(this.#levels.toReversed().flatMap(peaksOf));
  }
}

/** The roots of the complete subtrees of a partial tile, largest first: one per bit of its width. */
function peaksOf(hashes: readonly Hash[]): Hash[] {
  const peaks: Hash[] = [];
  let at = 0;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if ((hashes.length & width) === 0) continue;
    peaks.push(rootOf(hashes.slice(at, at + width)));
    at += width;
  }
  return peaks;
}

/** A tile as bytes, and back; the caller has checked the length. */
export const encodeTile = (hashes: readonly Hash[]): Buffer => Buffer.concat(hashes);

export const decodeTile = (bytes: Buffer): Hash[] =>
  Array.from({ length: Math.floor(bytes.length / HASH_BYTES) }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
