import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { silentLog, systemClock } from '../../../src/base/index.ts';
import type { KeyEvent } from '../../../src/events/index.ts';
import { Journal } from '../../../src/journal/index.ts';
import { injecting, startWriter, type Answered, type Writer } from '../../support/journal-processes.ts';
import { eventsOf } from '../../unit/journal/given.ts';

const directories: string[] = [];
const running: Writer[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});
function fresh(): string {
  const path = mkdtempSync(join(tmpdir(), 'keyledger-processes-'));
  directories.push(path);
  return path;
}
function write(path: string, name: string, calls: number, atOnce: number, strace?: readonly string[]): Writer {
  const writer = startWriter({ path, name, calls, atOnce, ...(strace === undefined ? {} : { strace }) });
  running.push(writer);
  return writer;
}

/** What is on the disk now, read by a process that did not write it. */
async function readBack(path: string): Promise<{ events: KeyEvent[]; count: unknown }> {
  const journal = new Journal({ path, clock: systemClock, log: silentLog });
  const read = { events: eventsOf(journal), count: journal.state.get('meta', 'count') };
  await journal.close();
  return read;
}

/** Each answered call is its event, numbers have no gaps, and state is what the events say. */
async function expectNothingLost(path: string, answered: readonly Answered[]): Promise<KeyEvent[]> {
  const { events, count } = await readBack(path);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  for (const { seq, requestId, count: told } of answered) {
    const event = events[seq - 1];
    expect([event?.trace.requestId, event?.request['count']]).toEqual([requestId, told]);
  }
  expect(events.map(({ request }) => request['count'])).toEqual(events.map((_, at) => at + 1));
  expect(count ?? 0).toBe(events.length);
  const ids = events.map(({ trace }) => trace.requestId);
  expect(new Set(ids).size).toBe(ids.length);
  return events;
}

test('processes that start at once on an empty directory share one journal: no number twice, nothing lost, each sees the others', async () => {
  const path = fresh();
  const writers = ['a', 'b', 'c'].map((name) => write(path, name, 400, 8));
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  const answered = writers.flatMap((writer) => writer.answered);
  const events = await expectNothingLost(path, answered);
  expect(answered.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(events.map(({ seq }) => seq));
  expect(events).toHaveLength(1200);
  const times = events.map(({ time }) => time);
  expect(times).toEqual([...times].sort());
  // They did interleave: the test would say little if each had waited for the other.
  const owners = events.map(({ trace }) => trace.requestId.charAt(0));
  expect(owners.filter((owner, at) => at > 0 && owner !== owners[at - 1]).length).toBeGreaterThan(10);
});

test('a process killed at any moment has answered nothing that is not there afterwards', async () => {
  const path = fresh();
  const answered: Answered[] = [];
  for (let round = 0; round < 12; round += 1) {
    const writer = write(path, `k${String(round)}`, 1_000_000, 16);
    while (writer.answered.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    writer.child.kill('SIGKILL');
    expect(await writer.ended).toBe('SIGKILL');
    answered.push(...writer.answered);
    const events = await expectNothingLost(path, answered);
    // What was not answered was under way: at most the group on the disk and the one that gathered.
    expect(events.length - answered.length).toBeLessThanOrEqual(32 * (round + 1));
  }
});

test('a process killed just before or after its nth sync loses nothing it has answered', async () => {
  for (const when of [3, 4, 5, 7, 11]) {
    const path = fresh();
    const writer = write(path, 's', 200, 4, injecting(`fdatasync:signal=SIGKILL:when=${String(when)}`));
    await writer.ended;
    await expectNothingLost(path, writer.answered);
    const again = write(path, 't', 50, 4);
    expect(await again.ended).toBe(0);
    await expectNothingLost(path, [...writer.answered, ...again.answered]);
  }
});

test.each([
  ['a sync fails once', 'fdatasync:error=EIO:when=6'],
  ['every sync fails from some moment on', 'fdatasync:error=EIO:when=6+'],
  ['a write finds the disk full', 'pwrite64:error=ENOSPC:when=12+'],
  ['a write fails once', 'pwrite64:error=EIO:when=12'],
  ['the write after that fails', 'pwrite64:error=EIO:when=13'],
])('when %s nobody is answered any more, and the next start has all that was', async (_, fault) => {
  const path = fresh();
  const before = write(path, 'v', 50, 8);
  expect(await before.ended).toBe(0);
  const writer = write(path, 'w', 100_000, 8, injecting(fault));
  const end = await writer.ended;
  expect([end, writer.lines.at(-1)]).toEqual([8, expect.stringContaining('fenced')]);
  expect(writer.answered.length).toBeLessThan(100_000);
  await expectNothingLost(path, [...before.answered, ...writer.answered]);
  const again = write(path, 'x', 100, 8);
  expect(await again.ended).toBe(0);
  await expectNothingLost(path, [...before.answered, ...writer.answered, ...again.answered]);
});

test('a slow disk makes answers late, not wrong and not out of order', async () => {
  const path = fresh();
  const writer = write(path, 'slow', 60, 8, injecting('fdatasync:delay_exit=100000:when=4+'));
  expect(await writer.ended).toBe(0);
  const events = await expectNothingLost(path, writer.answered);
  expect(events).toHaveLength(60);
  expect(events.at(-1)?.timing.commitUs).toBeGreaterThan(90_000);
});
