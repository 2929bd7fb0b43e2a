import { expect, test, vi } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import { startIntegrator, verifyLog, type Integrator, type IntegratorOptions } from '../../../src/ledger/index.ts';
import { entry, journalOf, signer } from '../../support/ledger/given.ts';
import { MemoryDisk } from '../../support/ledger/memory-disk.ts';

const start = (dir: MemoryDisk, options: Partial<IntegratorOptions> = {}): Promise<Integrator> =>
  startIntegrator({ journal: journalOf(0), dir, signer, log: silentLog, intervalMs: 5, ...options });

test('what the journal has is under a checkpoint soon after', async () => {
  const disk = new MemoryDisk();
  const journal = journalOf(300);
  const integrator = await start(disk, { journal });
  await vi.waitFor(() => expect(integrator.size()).toBe(300));
  journal.count = 301;
  await vi.waitFor(() => expect(integrator.size()).toBe(301));
  await integrator.close();
  expect(await verifyLog(disk, signer.vkey)).toMatchObject({ ok: true, size: 301 });
});

test('a backlog is integrated in batches, each with its checkpoint', async () => {
  const disk = new MemoryDisk();
  const journal = journalOf(1000);
  const read = vi.spyOn(journal, 'read');
  const integrator = await start(disk, { journal, maxBatch: 300 });
  await integrator.integrate();
  expect(read.mock.calls).toEqual([
    [1, 300],
    [301, 300],
    [601, 300],
    [901, 100],
  ]);
  await integrator.close();
});

test('closing integrates what is left, and closing twice is closing once', async () => {
  const disk = new MemoryDisk();
  const journal = journalOf(1);
  const integrator = await start(disk, { journal, intervalMs: 60_000 });
  await integrator.integrate();
  journal.count = 50;
  await integrator.close();
  await integrator.close();
  expect(await verifyLog(disk, signer.vkey)).toMatchObject({ ok: true, size: 50 });
});

test('a restarted integrator goes on where the last one was', async () => {
  const disk = new MemoryDisk();
  await (await start(disk, { journal: journalOf(40) })).close();
  const again = await start(disk, { journal: journalOf(90) });
  expect(again.size()).toBe(40);
  await again.close();
  expect(await verifyLog(disk, signer.vkey)).toMatchObject({ ok: true, size: 90 });
});

test.each([
  ['an older copy of the journal', journalOf(39)],
  ['another journal', journalOf(40, (index) => entry(index + 1))],
])('%s is refused at the start', async (_, journal) => {
  const disk = new MemoryDisk();
  await (await start(disk, { journal: journalOf(40) })).close();
  await expect(start(disk, { journal })).rejects.toMatchObject({ code: 'LEDGER_INCONSISTENT' });
});

test('a journal whose tail was pruned is accepted', async () => {
  const disk = new MemoryDisk();
  await (await start(disk, { journal: journalOf(40) })).close();
  const whole = journalOf(41);
  const pruned = { head: () => 41, read: (from: number, n: number) => (from < 41 ? [] : whole.read(from, n)) };
  await (await start(disk, { journal: pruned })).close();
  expect(await verifyLog(disk, signer.vkey)).toMatchObject({ ok: true, size: 41 });
});

test('a gap in the journal stops the integrator', async () => {
  const whole = journalOf(10);
  const gap = { head: () => 10, read: (from: number, n: number) => whole.read(from, n).filter(({ seq }) => seq !== 7) };
  const onFailure = vi.fn();
  const integrator = await start(new MemoryDisk(), { journal: gap, onFailure });
  await expect(integrator.integrate()).rejects.toMatchObject({ code: 'LEDGER_INCONSISTENT' });
  expect(integrator.size()).toBe(0);
  await integrator.close();
  expect(onFailure).toHaveBeenCalledOnce();
});

test('a disk that fails stops the integrator once, and a restart goes on', async () => {
  const disk = new MemoryDisk();
  const journal = journalOf(0);
  const onFailure = vi.fn();
  const integrator = await start(disk, { journal, onFailure });
  await integrator.integrate();
  disk.dieAtStep(disk.steps + 5);
  journal.count = 20;
  await vi.waitFor(() => expect(onFailure).toHaveBeenCalledOnce());
  await expect(integrator.integrate()).rejects.toThrow('died at step');
  await integrator.close();
  expect(onFailure).toHaveBeenCalledOnce();

  const again = disk.afterKill();
  await (await start(again, { journal })).close();
  expect(await verifyLog(again, signer.vkey)).toMatchObject({ ok: true, size: 20 });
});

test('what the file system says becomes an operational error', async () => {
  const disk = new MemoryDisk();
  vi.spyOn(disk, 'makeDirectory').mockRejectedValue(Object.assign(new Error('EACCES'), { syscall: 'mkdir' }));
  await expect(start(disk)).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
});
