import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  openLedger,
  proveConsistency,
  proveInclusion,
  verifyConsistency,
  verifyLog,
  verifyProof,
} from '../../../src/ledger/index.ts';
import { entries, entry, referenceRoot, signer } from '../../support/ledger/given.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';

const SIZE = 600;
const disk = new MemoryDisk();
await (await openLedger(disk, signer)).append(entries(0, SIZE));
const paths = disk.paths().filter((path) => path !== 'signed-head');

test('an untouched log verifies, and says what was verified', async () => {
  const progress: number[] = [];
  const verdict = await verifyLog(disk, signer.vkey, { onProgress: (verified) => progress.push(verified) });
  expect(verdict).toMatchObject({ ok: true, origin: signer.origin, size: SIZE, root: referenceRoot(entries(0, SIZE)) });
  expect(progress).toEqual([256, 512, 600]);
});

test('any flipped bit in any file is found, and the file is named', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.nat({ max: 7 }), async (path, offset, bit) => {
      const copy = disk.afterKill();
      copy.tamper(path, (bytes) => {
        bytes[offset % bytes.length]! ^= 1 << bit;
        return bytes;
      });
      expect(await verifyLog(copy, signer.vkey)).toMatchObject({ ok: false, file: path });
    }),
    { numRuns: 150 },
  );
});

test('any truncation, any growth and any loss of a file is found, and the file is named', async () => {
  for (const path of paths) {
    for (const change of [
      (bytes: Buffer) => bytes.subarray(0, -1),
      (bytes: Buffer) => bytes.subarray(0, 0),
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)]),
      () => undefined,
    ]) {
      const copy = disk.afterKill();
      copy.tamper(path, change);
      expect(await verifyLog(copy, signer.vkey)).toMatchObject({ ok: false, file: path });
    }
  }
});

test.each([
  ['tile/entries/000', 3],
  ['tile/entries/001', 256 + 77],
  ['tile/entries/002.p/88', 512 + 80],
])('a changed entry in %s is named by its index', async (path, index) => {
  const copy = disk.afterKill();
  copy.tamper(path, (bytes) =>
    Buffer.from(bytes.toString('latin1').replace(`entry ${index}"`, `entry ${index}'`), 'latin1'),
  );
  expect(await verifyLog(copy, signer.vkey)).toEqual({
    ok: false,
    file: path,
    index,
    reason: `entry ${index} does not hash to its leaf`,
  });
});

test('two bundles that changed places are found', async () => {
  const copy = disk.afterKill();
  const [first, second] = [await copy.read('tile/entries/000'), await copy.read('tile/entries/001')];
  copy.tamper('tile/entries/000', () => second);
  copy.tamper('tile/entries/001', () => first);
  expect(await verifyLog(copy, signer.vkey)).toMatchObject({ ok: false, file: 'tile/entries/000', index: 0 });
});

test('a log with another checkpoint than its own is refused', async () => {
  const other = new MemoryDisk();
  await (await openLedger(other, signer)).append(entries(1, SIZE + 1));
  const copy = disk.afterKill();
  const foreign = await other.read('checkpoint');
  copy.tamper('checkpoint', () => foreign);
  expect((await verifyLog(copy, signer.vkey)).ok).toBe(false);
});

test('a log verifies while it grows beyond its checkpoint', async () => {
  const copy = disk.afterKill();
  const old = await copy.read('checkpoint');
  await (await openLedger(copy, signer)).append(entries(SIZE, 800));
  copy.tamper('checkpoint', () => old);
  expect(await verifyLog(copy, signer.vkey)).toMatchObject({ ok: true, size: SIZE });
});

test('every entry is proven by a text that needs nothing else', async () => {
  for (const index of [0, 1, 255, 256, 511, 512, 599]) {
    const proven = await proveInclusion(disk, index);
    expect(proven.entry).toEqual(entry(index));
    const verdict = verifyProof(proven.proof, signer.vkey, entry(index));
    expect(verdict).toMatchObject({ ok: true, value: { origin: signer.origin, index, size: SIZE } });
    expect(verifyProof(proven.proof, signer.vkey, entry(index + 1)).ok).toBe(false);
  }
});

test('a proof with any flipped bit proves nothing', async () => {
  const { proof } = await proveInclusion(disk, 333);
  const bytes = Buffer.from(proof);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      expect(verifyProof(flipped.toString('utf8'), signer.vkey, entry(333)).ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('a proof may carry extra data, which proves nothing', async () => {
  const { proof } = await proveInclusion(disk, 7);
  expect(verifyProof(proof.replace('\nindex', '\nextra aGk=\nindex'), signer.vkey, entry(7)).ok).toBe(true);
  expect(verifyProof(proof.replace('\nindex', '\nextra !\nindex'), signer.vkey, entry(7)).ok).toBe(false);
});

test.each([-1, SIZE, 0.5, NaN])('entry %d has no proof', async (index) => {
  await expect(proveInclusion(disk, index)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('the tree is consistent with every smaller one', async () => {
  for (const from of [0, 1, 255, 256, 512, 599, 600]) {
    const { hashes } = await proveConsistency(disk, from);
    const older = { size: from, root: referenceRoot(entries(0, from)) };
    const newer = { size: SIZE, root: referenceRoot(entries(0, SIZE)) };
    expect(verifyConsistency(older, newer, hashes)).toBe(true);
  }
});
