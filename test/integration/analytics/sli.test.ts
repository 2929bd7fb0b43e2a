import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  keyEventsSink,
  openClickHouse,
  queryCoverage,
  queryLatency,
  querySuccessRate,
  queryThrottles,
  queryTotals,
  type ClickHouse,
} from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import type { Outcome } from '../../../src/events/index.ts';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.ts';
import { ACCOUNT, anEvent, deliver, delivered, keyArn, MINUTE_US, MONTH_US, roleArn } from './given.ts';

let clickhouse: TestClickHouse;
let client: ClickHouse;

/** 1,000 decrypts of key a in minute 0 (1 to 1,000 ms), and in minute 5 one of every outcome on key b. */
const OUTCOMES: readonly Outcome[] = ['success', 'denied', 'throttled', 'throttled', 'invalid', 'failed'];
const events = [
  ...Array.from({ length: 1000 }, (_, at) =>
    anEvent({ seq: at + 1, timeUs: MONTH_US + at * 1000, key: 'a', role: `r-${at % 10}`, totalUs: (at + 1) * 1000 }),
  ),
  ...OUTCOMES.map((outcome, at) =>
    anEvent({ seq: 1001 + at, timeUs: MONTH_US + 5 * MINUTE_US, key: 'b', role: 'x', operation: 'Encrypt', outcome }),
  ),
];

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  client = clickhouse.client;
  const log = events.map((event, at) => delivered(at, event));
  await deliver(keyEventsSink(client, { log: silentLog }), log, { batch: 300 });
});
afterAll(() => clickhouse.close());

test('totals count each outcome apart', async () => {
  expect(await queryTotals(client)).toEqual([
    { total: 1006, success: 1001, denied: 1, throttled: 2, invalid: 1, failed: 1, keys: 2, principals: 11 },
  ]);
});

test('totals of nothing are zero, not an error', async () => {
  expect(await queryTotals(client, { operation: 'CreateKey' })).toMatchObject([{ total: 0, keys: 0 }]);
  expect(await querySuccessRate(client, { operation: 'CreateKey' })).toEqual([]);
  expect(await queryLatency(client, { operation: 'CreateKey' })).toEqual([]);
  expect(await queryTotals(client, { operation: 'CreateKey', by: ['key'] })).toEqual([]);
});

test('the success rate tells what was asked from what was ours to answer', async () => {
  const [decrypt, encrypt] = await querySuccessRate(client, { by: ['operation'] });
  expect(decrypt).toMatchObject({ operation: 'Decrypt', total: 1000, successRate: 1, availability: 1 });
  expect(encrypt).toMatchObject({ operation: 'Encrypt', total: 6, successRate: 1 / 6, availability: 1 / 4 });
});

test('latency quantiles are within 1 % of the true ones', async () => {
  const [slowest] = await queryLatency(client, { by: ['key'] });
  expect(slowest).toMatchObject({ key: keyArn('a'), success: 1000, maxMs: 1000 });
  for (const [found, truth] of [
    [slowest!.p50Ms, 500],
    [slowest!.p95Ms, 950],
    [slowest!.p99Ms, 990],
  ] as const) {
    expect(Math.abs(found - truth) / truth).toBeLessThan(0.0125);
  }
});

test('throttles are told by key and principal, and only where there are any', async () => {
  expect(await queryThrottles(client, { by: ['key', 'principal'] })).toEqual([
    { key: keyArn('b'), principal: roleArn('x'), total: 6, throttled: 2, throttleRate: 1 / 3 },
  ]);
});

test('filters narrow and combine', async () => {
  const total = async (query: Parameters<typeof queryTotals>[1]): Promise<number> =>
    (await queryTotals(client, query))[0]?.total ?? 0;
  expect(await total({ key: keyArn('a') })).toBe(1000);
  expect(await total({ principal: roleArn('r-3') })).toBe(100);
  expect(await total({ account: ACCOUNT, region: 'eu-central-1', operation: 'Encrypt' })).toBe(6);
  expect(await total({ account: '999999999999' })).toBe(0);
  expect(await total({ sinceUs: MONTH_US + MINUTE_US })).toBe(6);
  expect(await total({ untilUs: MONTH_US + 4 * MINUTE_US })).toBe(1000);
  expect(await total({ sinceUs: MONTH_US + 30_000_000, untilUs: MONTH_US + 31_000_000 })).toBe(1000);
});

test('a value is a value, never SQL', async () => {
  const key = "x' OR 1 = 1 --";
  expect(await queryTotals(client, { key })).toMatchObject([{ total: 0 }]);
});

test('rows are limited, the largest first', async () => {
  const rows = await queryTotals(client, { by: ['principal'], limit: 3 });
  expect(rows).toHaveLength(3);
  expect(await queryTotals(client, { by: ['minute'], limit: 0 })).toHaveLength(1);
});

test('a series by minute has one row per minute, in RFC 3339', async () => {
  const rows = await querySuccessRate(client, { by: ['minute'] });
  const start = new Date(MONTH_US / 1000).toISOString().slice(0, 17);
  expect(rows.map((row) => row.minute)).toEqual([`${start}00Z`, start.replace(/00:$/, '05:00Z')]);
});

test('coverage compares raw rows, sequence and rollups', async () => {
  expect(await queryCoverage(client)).toEqual({
    rows: 1006,
    distinctSeq: 1006,
    minSeq: 1,
    maxSeq: 1006,
    sli1m: 1006,
    sli1h: 1006,
  });
});

test('the slo views say the same as the queries', async () => {
  const rates = await client.query(
    z.strictObject({ operation: z.string(), rate: z.number(), availability: z.number() }),
    `SELECT operation, sum(success) / sum(total) AS rate, min(availability) AS availability FROM slo_success_rate
    GROUP BY operation ORDER BY operation`,
  );
  expect(rates).toEqual([
    { operation: 'Decrypt', rate: 1, availability: 1 },
    { operation: 'Encrypt', rate: 1 / 6, availability: 1 / 4 },
  ]);
  const quantile = z.strictObject({ p50: z.number(), p99: z.number() });
  const [latency] = await client.query(
    quantile,
    `SELECT p50_ms AS p50, p99_ms AS p99 FROM slo_latency WHERE key_arn = {key:String}`,
    { key: keyArn('a') },
  );
  const [queried] = await queryLatency(client, { key: keyArn('a') });
  expect(latency).toEqual({ p50: queried!.p50Ms, p99: queried!.p99Ms });
  const throttles = await client.query(
    z.strictObject({ principal: z.string(), throttled: z.int() }),
    'SELECT principal, throttled FROM slo_throttles',
  );
  expect(throttles).toEqual([{ principal: roleArn('x'), throttled: 2 }]);
});

test('a server that does not answer is an outage that may pass', async () => {
  const nobody = openClickHouse({ url: 'http://127.0.0.1:9', user: 'sre', password: 'x' });
  await expect(queryTotals(nobody)).rejects.toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE', retryable: true });
  await nobody.close();
});

test('a wrong password is a refusal, and no error repeats it', async () => {
  const password = 'not-the-password-canary';
  const stranger = openClickHouse({ url: clickhouse.url, user: 'keyledger', password });
  const error: unknown = await queryTotals(stranger).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CLICKHOUSE_REJECTED', retryable: false });
  expect(String(error)).not.toContain(password);
  await stranger.close();
});

test('an answer of another form than expected is refused', async () => {
  const wrong = client.query(z.strictObject({ n: z.string() }), 'SELECT 1 AS n');
  await expect(wrong).rejects.toMatchObject({ code: 'CLICKHOUSE_REJECTED' });
});
