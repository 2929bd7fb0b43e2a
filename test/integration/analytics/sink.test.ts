import { afterAll, beforeEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { isWhole, keyEventsSink, queryCoverage, type ClickHouse } from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.ts';
import { anEvent, deliver, delivered, dyingAt, MINUTE_US, MONTH_US, run } from './given.ts';

let clickhouse: TestClickHouse;
let client: ClickHouse;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  client = clickhouse.client;
});
afterAll(() => clickhouse.close());
beforeEach(() => clickhouse.empty());

const sinkOn = (on: ClickHouse = client, origin = 'embedded') =>
  keyEventsSink(on, { log: silentLog, origin, paceMs: 0, markDoneAfterMs: 20 });

async function expectWhole(rows: number): Promise<void> {
  const coverage = await queryCoverage(client);
  expect(coverage).toMatchObject({ rows, distinctSeq: rows, sli1m: rows, sli1h: rows });
}

const Offsets = z.strictObject({ partition: z.int(), first: z.int(), last: z.int(), token: z.int() });
const offsetsOf = (): Promise<readonly unknown[]> =>
  client.query(
    Offsets,
    `SELECT k_partition AS partition, min(k_offset) AS first, max(k_offset) AS last, count() AS token
    FROM key_events GROUP BY k_partition ORDER BY k_partition`,
  );

test('every event is one raw row and counts once in each rollup', async () => {
  await deliver(sinkOn(), run(1, 2500));
  await expectWhole(2500);
  expect(isWhole(await queryCoverage(client))).toBe(true);
});

test('with an empty ClickHouse a sink starts at the beginning of the log', async () => {
  expect(await sinkOn().position?.(0)).toBe(0);
});

test('an identical batch that comes again counts once', async () => {
  const sink = sinkOn();
  const batch = run(1, 100);
  for (let time = 0; time < 3; time += 1) await sink.handle({ partition: 0, items: batch });
  await expectWhole(100);
});

test('a batch that overlaps what is stored adds only the rest', async () => {
  const sink = sinkOn();
  await sink.handle({ partition: 0, items: run(1, 100) });
  await sink.handle({ partition: 0, items: run(51, 100) });
  await expectWhole(150);
});

test.each([
  ['before the intent', 'sink_batches', 'before', 0],
  ['after the intent, before the rows', 'sink_batches', 'after', 0],
  ['before the rows', 'key_events', 'before', 0],
  ['after the rows, before the acknowledgement', 'key_events', 'after', 500],
] as const)('a sink that dies %s: the next one sends the very same batch', async (_, table, moment, stored) => {
  const log = run(1, 1200);
  await expect(deliver(sinkOn(dyingAt(client, table, moment)), log, { batch: 500 })).rejects.toThrow('Died');
  await expectWhole(stored);

  // More has arrived meanwhile, in batches of another size: the first is still cut where it was.
  const next = sinkOn();
  expect(await next.position?.(0)).toBe(0);
  await next.handle({ partition: 0, items: log });
  await expectWhole(1200);
  await deliver(sinkOn(), log, { batch: 7 });
  await expectWhole(1200);
});

test('a sink that is told to try again after a failure needs no restart', async () => {
  const sink = sinkOn(dyingAt(dyingAt(client, 'key_events', 'before', 1), 'key_events', 'after', 3));
  await sink.position?.(0);
  const [first, second] = [run(1, 300), run(301, 300)];
  await expect(sink.handle({ partition: 0, items: first })).rejects.toThrow('Died before');
  await sink.handle({ partition: 0, items: first });
  await expect(sink.handle({ partition: 0, items: second })).rejects.toThrow('Died after');
  await sink.handle({ partition: 0, items: second });
  await expectWhole(600);
});

test('where the log comes back in smaller pieces the pending batch waits until it is whole', async () => {
  const log = run(1, 1000);
  await expect(deliver(sinkOn(dyingAt(client, 'key_events', 'after')), log, { batch: 1000 })).rejects.toThrow('Died');
  const next = sinkOn();
  await next.position?.(0);
  for (let at = 0; at < 900; at += 300) {
    await next.handle({ partition: 0, items: log.slice(at, at + 300) });
    expect(await sinkOn().position?.(0), 'whoever starts now starts at the pending batch').toBe(0);
  }
  await next.handle({ partition: 0, items: [...log.slice(900), ...run(1001, 50)] });
  await expectWhole(1050);
});

test('pieces that wait survive a failure of the piece that completes them', async () => {
  const log = run(1, 600);
  await expect(deliver(sinkOn(dyingAt(client, 'key_events', 'before')), log)).rejects.toThrow('Died');
  const next = sinkOn(dyingAt(client, 'key_events', 'before'));
  await next.position?.(0);
  await next.handle({ partition: 0, items: log.slice(0, 400) });
  await expect(next.handle({ partition: 0, items: log.slice(400) })).rejects.toThrow('Died');
  await next.handle({ partition: 0, items: log.slice(400) });
  await expectWhole(600);
});

test('an event that comes again at a new offset is known by its seq', async () => {
  const events = run(1, 200);
  const again = events.slice(150).map(({ value }, at) => delivered(200 + at, value));
  const later = Array.from({ length: 50 }, (_, at) => delivered(250 + at, anEvent({ seq: 201 + at })));
  const log = [...events, ...again, ...later];
  await deliver(sinkOn(), log, { batch: 170 });
  await expectWhole(250);
  // A sink that starts now has seen none of them and knows them all the same.
  const repeated = log.slice(-100).map(({ value }, at) => delivered(300 + at, value));
  await deliver(sinkOn(), [...log, ...repeated], { batch: 40 });
  await expectWhole(250);
  expect(await offsetsOf()).toEqual([{ partition: 0, first: 0, last: 299, token: 250 }]);
});

test('a topic that was made anew starts again at offset 0, and nothing new is taken for old', async () => {
  await deliver(sinkOn(), run(1, 300));
  const sink = sinkOn();
  await sink.position?.(0);
  const anew = run(251, 300).map(({ value }, at) => delivered(at, value));
  await sink.handle({ partition: 0, items: anew });
  await expectWhole(550);
});

test('moving from the embedded log to Kafka and back reads everything again and counts it once', async () => {
  const log = run(1, 900);
  await deliver(sinkOn(), log.slice(0, 500), { batch: 200 });
  const kafka = sinkOn(client, 'kafka');
  for (const partition of [0, 1, 2]) {
    const share = log.filter(({ value }) => value.seq % 3 === partition);
    const relayed = share.map(({ value }, at) => delivered(at, value));
    await deliver(kafka, relayed.slice(0, partition === 2 ? 200 : 300), { partition, batch: 90 });
  }
  await expectWhole(800);
  await deliver(sinkOn(), log, { batch: 350 });
  await expectWhole(900);
});

test('two sinks that both believe they own a partition count nothing twice', async () => {
  const log = run(1, 3000);
  const [a, b] = [sinkOn(), sinkOn()];
  const stubborn = async (sink: typeof a, batch: number): Promise<void> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const done = await deliver(sink, log, { batch }).then(
        () => true,
        () => false,
      );
      if (done) return;
    }
    throw new Error('Never got through');
  };
  await Promise.all([stubborn(a, 70), stubborn(b, 110)]);
  await expectWhole(3000);
});

test('partitions are independent of each other', async () => {
  const sink = sinkOn();
  const odd = run(1, 400).filter(({ value }) => value.seq % 2 === 1);
  const even = run(1, 400).filter(({ value }) => value.seq % 2 === 0);
  for (let at = 0; at < 200; at += 50) {
    await Promise.all([
      sink.handle({ partition: 0, items: odd.slice(at, at + 50) }),
      sink.handle({ partition: 1, items: even.slice(at, at + 50) }),
    ]);
  }
  await expectWhole(400);
});

test('once a partition is idle its last batch is marked, and a start goes on behind it', async () => {
  await deliver(sinkOn(), run(1, 100));
  await new Promise((done) => setTimeout(done, 300));
  expect(await sinkOn().position?.(0)).toBe(100);
  await deliver(sinkOn(), run(1, 150));
  await expectWhole(150);
});

test('a late event lands in its own minute', async () => {
  const minute = (at: number): number => MONTH_US + at * MINUTE_US;
  await deliver(sinkOn(), [
    delivered(0, anEvent({ seq: 1, timeUs: minute(10) })),
    delivered(1, anEvent({ seq: 2, timeUs: minute(70) })),
    delivered(2, anEvent({ seq: 3, timeUs: minute(10) + 59_999_999 })),
  ]);
  const rows = await client.query(
    z.strictObject({ minute: z.int(), total: z.int() }),
    `SELECT intDiv(toUnixTimestamp(bucket) - {start:UInt32}, 60) AS minute, sum(total) AS total FROM sli_1m GROUP BY minute
    ORDER BY minute`,
    { start: MONTH_US / 1_000_000 },
  );
  expect(rows).toEqual([
    { minute: 10, total: 2 },
    { minute: 70, total: 1 },
  ]);
});

test('a batch that spans months is one part in each, and counts once when it comes again', async () => {
  const spanning = Array.from({ length: 60 }, (_, at) =>
    delivered(at, anEvent({ seq: at + 1, timeUs: MONTH_US + (at % 20 < 10 ? -1 : 1) * (at + 1) * MINUTE_US })),
  );
  await expect(
    sinkOn(dyingAt(client, 'key_events', 'after', 3)).handle({ partition: 0, items: spanning }),
  ).rejects.toThrow();
  await sinkOn().handle({ partition: 0, items: spanning });
  await expectWhole(60);
});

test('a time that cannot be stored is poison, and the rest of its batch is not', async () => {
  const impossible = (seq: number, time: string) => delivered(seq - 1, { ...anEvent({ seq }), time });
  const items = [
    ...run(1, 3),
    impossible(4, '2026-13-45T99:00:00.000000Z'),
    impossible(5, '1969-12-31T23:59:59.999999Z'),
    impossible(6, '2106-01-01T00:00:00.000000Z'),
    ...run(7, 2),
  ];
  const rejections = await sinkOn().handle({ partition: 0, items });
  expect(rejections.map(({ offset }) => offset)).toEqual([3, 4, 5]);
  await expectWhole(5);
});

test('large batches are cut by rows and by bytes', async () => {
  const sink = keyEventsSink(client, { log: silentLog, maxRows: 64, maxBytes: 20_000 });
  await sink.handle({ partition: 0, items: run(1, 500) });
  await expectWhole(500);
  const parts = await client.query(
    z.strictObject({ inserts: z.int() }),
    'SELECT uniqExact(ingested_at) AS inserts FROM key_events',
  );
  expect(parts[0]?.inserts).toBeGreaterThan(7);
});

test('small batches are paced, so that more gather for the next', async () => {
  const sink = keyEventsSink(client, { log: silentLog, paceMs: 400 });
  const tookMs = async (items: ReturnType<typeof run>): Promise<number> => {
    const startedMs = performance.now();
    await sink.handle({ partition: 0, items });
    return performance.now() - startedMs;
  };
  expect(await tookMs(run(1, 10))).toBeGreaterThan(390);
  await expectWhole(10);
});

test('an outage is told as retryable, a refusal is not', async () => {
  const gone = { ...client, insert: () => client.query(z.any(), 'SELECT 1 FROM nowhere').then(() => undefined) };
  await expect(sinkOn(gone).handle({ partition: 0, items: run(1, 1) })).rejects.toMatchObject({
    code: 'CLICKHOUSE_REJECTED',
    retryable: false,
  });
});
