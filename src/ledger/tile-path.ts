import { parseDecimal } from './base64.ts';

/** Hashes in a full tile, entries in a full bundle (c2sp.org/tlog-tiles): a tile is a subtree of height 8. */
export const TILE_WIDTH = 256;
export const TILE_HEIGHT = 8;
const MAX_LEVEL = 63;

/** Where a tile or an entry bundle lies. `width` is below 256 for a partial one. */
export interface TileCoordinates {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, N in groups of three digits: 1234067 is `x001/x234/067`. */
export function tilePath({ level, index, width }: TileCoordinates): string {
  const full = `tile/${level}/${indexPath(index)}`;
  return width === TILE_WIDTH ? full : `${full}.p/${width}`;
}

/** The directory that holds a tile's partial versions until it is full. */
export const partialsPath = ({ level, index }: TileCoordinates): string => `tile/${level}/${indexPath(index)}.p`;

function indexPath(index: number): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return path;
}

const TILE_PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** Inverse of {@link tilePath}; undefined for everything else, other spellings of the same place included. */
export function parseTilePath(path: string): TileCoordinates | undefined {
  const [, level, digits, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || digits === undefined) return undefined;
  const coordinates = {
    level: level === 'entries' ? level : (parseDecimal(level) ?? NaN),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : (parseDecimal(width) ?? NaN),
  } as const;
  const inRange =
    (coordinates.level === 'entries' || coordinates.level <= MAX_LEVEL) &&
    coordinates.width >= 1 &&
    coordinates.width <= TILE_WIDTH;
  return inRange && tilePath(coordinates) === path ? coordinates : undefined;
}

/** How many hashes a tree of `size` leaves has at a tile level: floor(size / 256^level). */
export const hashesAt = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

/** How wide tile `index` is when its level has `count` hashes; 0 when it does not exist yet. */
export const widthOf = (index: number, count: number): number =>
  Math.max(0, Math.min(TILE_WIDTH, count - index * TILE_WIDTH));
