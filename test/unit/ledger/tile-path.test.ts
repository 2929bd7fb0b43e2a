import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBundle, encodeBundle } from '../../../src/ledger/bundle.ts';
import { hashesAt, parseTilePath, tilePath, widthOf } from '../../../src/ledger/tile-path.ts';

test('tiles lie where the specification puts them', () => {
  expect(tilePath({ level: 0, index: 0, width: 256 })).toBe('tile/0/000');
  expect(tilePath({ level: 1, index: 1_234_067, width: 256 })).toBe('tile/1/x001/x234/067');
  expect(tilePath({ level: 'entries', index: 1000, width: 17 })).toBe('tile/entries/x001/000.p/17');
});

test('a tree of 70,000 has the tiles that the specification counts', () => {
  expect(hashesAt(0, 70_000)).toBe(273 * 256 + 112);
  expect(hashesAt(1, 70_000)).toBe(256 + 17);
  expect(hashesAt(2, 70_000)).toBe(1);
  expect([272, 273, 274].map((index) => widthOf(index, 70_000))).toEqual([256, 112, 0]);
});

test('every path is read back as the place it names', () => {
  const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
  const index = fc.nat({ max: 999_999_999_999 });
  fc.assert(
    fc.property(level, index, fc.integer({ min: 1, max: 256 }), (l, n, width) => {
      const coordinates = { level: l, index: n, width };
      expect(parseTilePath(tilePath(coordinates))).toEqual(coordinates);
    }),
  );
});

test.each([
  'tile/0/0',
  'tile/00/000',
  'tile/64/000',
  'tile/-1/000',
  'tile/0/000.p/0',
  'tile/0/000.p/256',
  'tile/0/000.p/01',
  'tile/0/000.p/',
  'tile/0/x000/001',
  'tile/0/001/x002',
  'tile/0/../../signed-head',
  'tile/0/000.tmp',
  'tile/0/%30%30%30',
  'tile/entries/000/',
  '/tile/0/000',
  'tile/0/000\n',
  '',
])('%j is no place of a tile', (path) => {
  expect(parseTilePath(path)).toBeUndefined();
});

test('a bundle gives back its entries, empty and longest ones too', () => {
  const entry = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
      const decoded = decodeBundle(encodeBundle([...entries, Buffer.alloc(65_535, 1)]));
      expect(decoded.ok && decoded.value.map((bytes) => [...bytes])).toEqual([
        ...entries.map((bytes) => [...bytes]),
        [...Buffer.alloc(65_535, 1)],
      ]);
    }),
    { numRuns: 20 },
  );
});

test('a truncated bundle is refused, and an entry too long for one is a bug', () => {
  const whole = encodeBundle([Buffer.from('one'), Buffer.from('two')]);
  for (const length of [1, 4, 6, 9]) expect(decodeBundle(whole.subarray(0, length)).ok).toBe(false);
  expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow('Bug');
});
