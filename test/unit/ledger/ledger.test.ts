import { expect, test } from 'vitest';
import { openLedger, signerOf, type LedgerSigner } from '../../../src/ledger/index.ts';
import { entries, entry, keyOfSeed, ORIGIN, referenceRoot, signer } from '../../support/ledger/given.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';

const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };

async function logOf(size: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await (await openLedger(disk, signer)).append(entries(0, size));
  return disk;
}

const refusal = { code: 'LEDGER_INCONSISTENT' };

test('a new log publishes an empty tree', async () => {
  const disk = new MemoryDisk();
  expect((await openLedger(disk, signer)).size).toBe(0);
  expect((await disk.read('checkpoint'))?.toString()).toMatch(
    /^keyledger\.test\/log\n0\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— keyledger\.test\/log \S+\n$/,
  );
});

test('the checkpoint carries the root of RFC 6962 over all entries', async () => {
  const root = referenceRoot(entries(0, 600)).toString('base64');
  const note = (await (await logOf(600)).read('checkpoint'))?.toString();
  expect(note?.startsWith(`${ORIGIN}\n600\n${root}\n\n`)).toBe(true);
});

test('the files are those of the specification, and partial ones go once they are full', async () => {
  const disk = new MemoryDisk();
  const ledger = await openLedger(disk, signer);
  await ledger.append(entries(0, 255));
  expect(disk.paths()).toEqual(['checkpoint', 'signed-head', 'tile/0/000.p/255', 'tile/entries/000.p/255']);
  await ledger.append(entries(255, 260));
  expect(disk.paths()).toEqual([
    'checkpoint',
    'signed-head',
    'tile/0/000',
    'tile/0/001.p/4',
    'tile/1/000.p/1',
    'tile/entries/000',
    'tile/entries/001.p/4',
  ]);
});

test('partial tiles of earlier checkpoints stay until the tile is full', async () => {
  const disk = new MemoryDisk();
  const ledger = await openLedger(disk, signer);
  await ledger.append(entries(0, 10));
  await ledger.append(entries(10, 20));
  expect(disk.paths()).toContain('tile/0/000.p/10');
  expect(disk.paths()).toContain('tile/entries/000.p/20');
});

test('a reopened log goes on where it was, however it was cut into batches', async () => {
  const disk = new MemoryDisk();
  for (let size = 0; size < 530; size += 53) await (await openLedger(disk, signer)).append(entries(size, size + 53));
  const inOne = await logOf(530);
  for (const path of ['checkpoint', 'tile/0/001', 'tile/entries/002.p/18', 'tile/1/000.p/2']) {
    expect(await disk.read(path)).toEqual(await inOne.read(path));
  }
});

test.each([
  ['a leaf of the last tile', 'tile/0/002.p/88', flip(40)],
  ['a hash of the tile above', 'tile/1/000.p/2', flip(0)],
  ['a truncated tile', 'tile/0/002.p/88', (bytes: Buffer) => bytes.subarray(1)],
  ['a missing tile', 'tile/0/002.p/88', () => undefined],
  ['a changed entry of the last bundle', 'tile/entries/002.p/88', flip(20)],
  ['a truncated bundle', 'tile/entries/002.p/88', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['a changed signed head', 'signed-head', (bytes: Buffer) => Buffer.from(bytes.toString().replace('600', '512'))],
  ['a damaged signed head', 'signed-head', (bytes: Buffer) => bytes.subarray(0, 9)],
  ['a lost signed head', 'signed-head', () => undefined],
  ['a damaged checkpoint', 'checkpoint', flip(3)],
])('a log with %s is not opened', async (_, path, change) => {
  const disk = await logOf(600);
  disk.tamper(path, change);
  await expect(openLedger(disk, signer)).rejects.toMatchObject(refusal);
});

test('a log that was put back to an older state beside its signed head is not opened', async () => {
  const disk = await logOf(600);
  const older = await logOf(300);
  const checkpoint = await older.read('checkpoint');
  disk.tamper('checkpoint', () => checkpoint);
  const ledger = await openLedger(disk, signer);
  // An old checkpoint alone is healed: the newer tree was signed, and all of it is here.
  expect(ledger.size).toBe(600);

  const rolledBack = await logOf(300);
  const newer = await disk.read('checkpoint');
  rolledBack.tamper('checkpoint', () => newer);
  await expect(openLedger(rolledBack, signer)).rejects.toMatchObject(refusal);
});

test('another key, or another origin, does not continue a log', async () => {
  const disk = await logOf(5);
  const otherKey = signerOf(ORIGIN, keyOfSeed(Buffer.alloc(32, 8)));
  const otherOrigin = signerOf('keyledger.test/other', keyOfSeed(Buffer.alloc(32, 7)));
  await expect(openLedger(disk, otherKey)).rejects.toMatchObject(refusal);
  await expect(openLedger(disk, otherOrigin)).rejects.toMatchObject(refusal);
});

test('two writers of one log: the second to sign is refused', async () => {
  const disk = await logOf(5);
  const [one, two] = [await openLedger(disk, signer), await openLedger(disk, signer)];
  await one.append(entries(5, 7));
  await expect(two.append([entry(5)])).rejects.toMatchObject(refusal);
});

test('an entry other than the one already stored at its place is refused', async () => {
  const disk = await logOf(5);
  const ledger = await openLedger(disk, signer);
  disk.tamper('tile/entries/000.p/6', () => Buffer.from('left by somebody else'));
  await expect(ledger.append([entry(5)])).rejects.toMatchObject(refusal);
  await expect(ledger.append([entry(5)])).rejects.toThrow('opened again');
});

test('a signature that does not verify never leaves', async () => {
  const broken: LedgerSigner = { ...signer, sign: () => Buffer.alloc(64) };
  const disk = new MemoryDisk();
  await expect(openLedger(disk, broken)).rejects.toMatchObject(refusal);
  expect(await disk.read('checkpoint')).toBeUndefined();
});
