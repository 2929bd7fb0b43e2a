/** Crashes at every step; each of a few hundred restarts builds a log, so this takes seconds. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCheckpoint, openLedger, parseVkey, verifyLog } from '../../../src/ledger/index.ts';
import { entries, referenceRoot, signer } from '../../support/ledger/given.ts';
import { Crash, MemoryDisk } from '../../support/ledger/memory-disk.ts';

/** Sizes at which checkpoints are asked for: twice within a tile, exactly full, and over an edge. */
const SIZES = [3, 250, 256, 515];
const all = entries(0, 515);
const roots = new Map([0, ...SIZES].map((size) => [size, referenceRoot(all.slice(0, size)).toString('hex')]));

const vkey = parseVkey(signer.vkey);

/** What the world can see; undefined while there is nothing. A checkpoint that does not open fails the test. */
async function publishedOn(disk: MemoryDisk): Promise<{ size: number; root: string } | undefined> {
  const note = await disk.read('checkpoint');
  if (note === undefined || !vkey.ok) return undefined;
  const opened = openCheckpoint(note.toString('utf8'), vkey.value);
  if (!opened.ok) throw new Error(opened.reason);
  return { size: opened.value.size, root: opened.value.root.toString('hex') };
}

/** Carries the log from wherever it is through the rest of its sizes. */
async function integrate(disk: MemoryDisk): Promise<void> {
  const ledger = await openLedger(disk, signer);
  for (const size of SIZES) if (size > ledger.size) await ledger.append(all.slice(ledger.size, size));
}

/** Integrates until the disk dies at that step; what was published by then. */
async function integrateUntil(step: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk().dieAtStep(step);
  await expect(integrate(disk)).rejects.toThrow(Crash);
  return disk;
}

/** The promise: whatever was published stays true, and the log goes on to the one tree that its entries make. */
async function expectNoFork(disk: MemoryDisk, seen: { size: number; root: string } | undefined): Promise<void> {
  if (seen !== undefined) expect(seen.root).toBe(roots.get(seen.size));
  const before = await publishedOn(disk);
  if (before !== undefined) expect(before.root).toBe(roots.get(before.size));

  const reopened = await openLedger(disk, signer);
  expect(reopened.size).toBeGreaterThanOrEqual(seen?.size ?? 0);
  expect(await publishedOn(disk)).toEqual({ size: reopened.size, root: roots.get(reopened.size) });

  await integrate(disk);
  for (const path of finished.paths()) {
    const [here, there] = [await disk.read(path), await finished.read(path)];
    if (here === undefined || there?.equals(here) !== true) throw new Error(`${path} is not what it should be`);
  }
}

/** The log as it is when nothing goes wrong. */
const finished = new MemoryDisk();
await integrate(finished);
const { steps } = finished;

test('undisturbed, the log verifies', async () => {
  expect(await verifyLog(finished, signer.vkey)).toMatchObject({ ok: true, size: 515 });
});

test('a process that dies before any step restarts into the old tree or the new one', async () => {
  for (let step = 0; step < steps; step += 1) {
    const disk = await integrateUntil(step);
    await expectNoFork(disk.afterKill(), await publishedOn(disk));
  }
});

test('a power cut before any step leaves what was promised, though nothing unsynced survives', async () => {
  for (let step = 0; step < steps; step += 1) {
    const disk = await integrateUntil(step);
    await expectNoFork(
      disk.afterPowerCut(() => false),
      await publishedOn(disk),
    );
  }
});

test('a power cut that keeps any part of the unsynced leaves what was promised', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: steps - 1 }), fc.infiniteStream(fc.boolean()), async (step, coins) => {
      const disk = await integrateUntil(step);
      const survives = (): boolean => coins.next().value === true;
      await expectNoFork(disk.afterPowerCut(survives), await publishedOn(disk));
    }),
    { numRuns: 150 },
  );
});

test('two crashes in a row are as harmless as one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: steps - 1 }), fc.nat({ max: 30 }), async (first, second) => {
      const once = (await integrateUntil(first)).afterKill().dieAtStep(second);
      await integrate(once).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Crash);
      });
      await expectNoFork(
        once.afterPowerCut(() => false),
        await publishedOn(once),
      );
    }),
    { numRuns: 60 },
  );
});
