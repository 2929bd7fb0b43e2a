import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyEventsSink, queryCoverage } from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { encodeKeyEvent } from '../../../src/events/index.ts';
import { openEmbeddedLog, runConsumer, type JournalReader } from '../../../src/stream/index.ts';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.ts';
import { eventually } from '../../support/eventually.ts';
import { anEvent } from './given.ts';

let clickhouse: TestClickHouse;
let path: string;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  path = await mkdtemp(join(tmpdir(), 'keyledger-log-'));
});
afterAll(async () => {
  await clickhouse.close();
  await rm(path, { recursive: true });
});

test('a sink that is stopped and started on the embedded log stores each event of the journal once', async () => {
  let head = 500;
  const journal: JournalReader = {
    head: () => head,
    read: (from, limit) =>
      Array.from({ length: Math.max(0, Math.min(limit, head - from + 1)) }, (_, at) => ({
        seq: from + at,
        bytes: encodeKeyEvent(anEvent({ seq: from + at })),
      })),
  };
  for (const grown of [1200, 2000, 2700]) {
    const log = openEmbeddedLog({ path, journal, log: silentLog });
    const consumer = keyEventsSink(clickhouse.client, { log: silentLog });
    const running = await runConsumer({ log, consumer, logger: silentLog, maxBatch: 300 });
    head = grown;
    // Stopped somewhere on the way, except for the last time.
    const enough = grown === 2700 ? grown : grown - 400;
    await eventually(`${enough} rows`, async () => (await queryCoverage(clickhouse.client)).rows >= enough);
    await running.close();
    await log.close();
  }
  expect(await queryCoverage(clickhouse.client)).toEqual({
    rows: 2700,
    distinctSeq: 2700,
    minSeq: 1,
    maxSeq: 2700,
    sli1m: 2700,
    sli1h: 2700,
  });
});
