import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { keyEventsSink, migrate, openClickHouse, queryCoverage } from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { startMortalClickHouse, type MortalClickHouse } from '../../support/clickhouse.ts';
import { deliver, run } from './given.ts';

let mortal: MortalClickHouse;

beforeEach(async () => {
  mortal = await startMortalClickHouse();
  await migrate(mortal.client());
});
afterEach(() => mortal.close());

const aSink = () => keyEventsSink(mortal.client(), { log: silentLog, paceMs: 0, markDoneAfterMs: 60_000 });

async function expectWhole(rows: number): Promise<void> {
  expect(await queryCoverage(mortal.client())).toEqual({
    rows,
    distinctSeq: rows,
    minSeq: 1,
    maxSeq: rows,
    sli1m: rows,
    sli1h: rows,
  });
}

test('ClickHouse is killed between two batches: everything acknowledged is there, and the next start goes on', async () => {
  const log = run(1, 2000);
  await deliver(aSink(), log.slice(0, 1000));
  await mortal.kill();
  await mortal.start();
  await expectWhole(1000);
  await deliver(aSink(), log);
  await expectWhole(2000);
});

test('ClickHouse is killed during inserts, again and again: the rollups agree with the distinct events', async () => {
  const log = run(1, 20_000);
  let kills = 0;
  let done = false;
  // Different moments of an insert, which takes some tens of milliseconds: the sequence of delays is fixed, the disk's is not.
  for (let round = 0; !done; round += 1) {
    const killed = round < 12;
    const killer = new Promise<void>((after) => {
      if (killed) setTimeout(() => void mortal.kill().then(after), 30 + ((round * 37) % 140));
      else after();
    });
    const ended = await deliver(aSink(), log, { batch: 400 + round }).then(
      () => true,
      () => false,
    );
    await killer;
    if (killed) {
      kills += 1;
      await mortal.start();
    }
    done = ended && !killed;
  }
  expect(kills).toBe(12);
  await expectWhole(20_000);
});

const Path = z.strictObject({ path: z.string() });

/** Directories of the newest part of each table, as a power cut or a kill between token and rows would leave them away. */
async function newestParts(...tables: string[]): Promise<string[]> {
  const rows = await mortal.client().query(
    Path,
    `SELECT argMax(path, max_block_number) AS path FROM system.parts
    WHERE database = currentDatabase() AND active AND table IN ({tables:Array(String)}) GROUP BY table`,
    { tables },
  );
  return rows.map(({ path }) => path);
}

test.each([
  ['before any row', ['key_events', 'sli_1m', 'sli_1h']],
  ['after the raw rows, before both rollups', ['sli_1m', 'sli_1h']],
  ['after the first rollup', ['sli_1h']],
  ['after the other rollup', ['sli_1m']],
  ['after everything', []],
])('ClickHouse dies %s, remembering the tokens of rows it lost: the batch is completed', async (_, lost) => {
  const log = run(1, 1500);
  await deliver(aSink(), log.slice(0, 1000), { batch: 500 });
  const parts = lost.length === 0 ? [] : await newestParts(...lost);
  expect(parts).toHaveLength(lost.length);
  await mortal.kill();
  for (const part of parts) await rm(part, { recursive: true });
  await mortal.start();
  await deliver(aSink(), log, { batch: 333 });
  await expectWhole(1500);
});

test('a completed rollup has the same latency and uniques as one that was never interrupted', async () => {
  const states = z.strictObject({ q: z.array(z.number()), ips: z.int(), max: z.int() });
  const ask = () =>
    mortal.client().query(
      states,
      `SELECT quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency_us) AS q, uniqMerge(source_ips) AS ips, max(max_us) AS max
      FROM sli_1m`,
    );
  await deliver(aSink(), run(1, 500));
  const before = await ask();
  const parts = await newestParts('sli_1m');
  await mortal.kill();
  for (const part of parts) await rm(part, { recursive: true });
  await mortal.start();
  expect((await queryCoverage(mortal.client())).sli1m).toBe(0);
  await aSink().position?.(0);
  expect(await ask()).toEqual(before);
});

test('a sink outlives ClickHouse: it fails while there is none and goes on with the same batch after', async () => {
  const { users, url } = mortal.server();
  const log = run(1, 900);
  const client = openClickHouse({ url, user: 'keyledger', password: users.keyledger.password });
  const sink = keyEventsSink(client, { log: silentLog });
  await sink.handle({ partition: 0, items: log.slice(0, 300) });
  await mortal.kill();
  await expect(sink.handle({ partition: 0, items: log.slice(300, 600) })).rejects.toMatchObject({
    code: 'CLICKHOUSE_UNAVAILABLE',
    retryable: true,
  });
  await client.close();
  await mortal.start();
  await deliver(aSink(), log);
  await expectWhole(900);
});
