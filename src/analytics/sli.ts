import { z } from 'zod';
import type { ClickHouse, QueryParameters } from './client.ts';

/** What a row of an answer stands for. */
export const SLI_DIMENSIONS = ['operation', 'key', 'principal', 'account', 'region', 'minute'] as const;
export type SliDimension = (typeof SLI_DIMENSIONS)[number];

const COLUMNS: Readonly<Record<SliDimension, string>> = {
  operation: 'operation',
  key: 'key_arn',
  principal: 'principal',
  account: 'account',
  region: 'region',
  minute: `formatDateTime(bucket, '%Y-%m-%dT%H:%i:%SZ', 'UTC')`,
};

export interface SliQuery {
  /** One row for each combination of these; none is one row for everything. */
  readonly by?: readonly SliDimension[];
  readonly operation?: string;
  /** Key ARN. */
  readonly key?: string;
  /** Principal ARN. */
  readonly principal?: string;
  readonly account?: string;
  readonly region?: string;
  /** Microseconds since the epoch; whole minutes count: from the minute that holds it. */
  readonly sinceUs?: number;
  /** Microseconds since the epoch; up to and with the minute that holds it. */
  readonly untilUs?: number;
  /** Rows at most (default 100, never above 10,000). */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
/** The rollups' DateTime ends in 2106. */
const END_OF_TIME_SECONDS = 4_291_747_199;

const dimensions = {
  operation: z.string().optional(),
  key: z.string().optional(),
  principal: z.string().optional(),
  account: z.string().optional(),
  region: z.string().optional(),
  minute: z.string().optional(),
};
const count = z.int().min(0);
const ratio = z.number().min(0).max(1);
const milliseconds = z.number().min(0);
const counts = { total: count, success: count, denied: count, throttled: count, invalid: count, failed: count };

const Totals = z.strictObject({ ...dimensions, ...counts, keys: count, principals: count });
const SuccessRate = z.strictObject({ ...dimensions, ...counts, successRate: ratio, availability: ratio });
const Latency = z.strictObject({
  ...dimensions,
  success: count,
  p50Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
  maxMs: milliseconds,
});
const Throttles = z.strictObject({ ...dimensions, total: count, throttled: count, throttleRate: ratio });

export type Totals = z.infer<typeof Totals>;
/** `availability` leaves refusals by policy and callers' mistakes out: they are correct answers. */
export type SuccessRate = z.infer<typeof SuccessRate>;
/** Of successful operations; quantiles are within 1 % of the true ones. */
export type Latency = z.infer<typeof Latency>;
export type Throttles = z.infer<typeof Throttles>;

const COUNTS = `sum(sli_1m.total) AS total, sum(sli_1m.success) AS success, sum(sli_1m.denied) AS denied,
  sum(sli_1m.throttled) AS throttled, sum(sli_1m.invalid) AS invalid, sum(sli_1m.failed) AS failed`;

/** Counts by outcome, and how many keys and principals they came from. */
export const queryTotals = (client: ClickHouse, query: SliQuery = {}): Promise<readonly Totals[]> =>
  rolled(client, Totals, query, {
    select: `${COUNTS}, uniqIf(key_arn, key_arn != '') AS keys, uniq(principal) AS principals`,
    order: 'total DESC',
  });

/** Success rates, the busiest first. */
export const querySuccessRate = (client: ClickHouse, query: SliQuery = {}): Promise<readonly SuccessRate[]> =>
  rolled(client, SuccessRate, query, {
    select: `${COUNTS}, success / total AS successRate,
      if(success + failed + throttled = 0, 1, success / (success + failed + throttled)) AS availability`,
    having: 'total > 0',
    order: 'total DESC',
  });

/** Latency quantiles, the slowest P99 first. */
export const queryLatency = (client: ClickHouse, query: SliQuery = {}): Promise<readonly Latency[]> =>
  rolled(client, Latency, query, {
    select: `sum(sli_1m.success) AS success, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency_us) AS q,
      q[1] / 1000 AS p50Ms, q[2] / 1000 AS p95Ms, q[3] / 1000 AS p99Ms, max(max_us) / 1000 AS maxMs`,
    hidden: 'q',
    having: 'success > 0',
    order: 'p99Ms DESC',
  });

/** Who and what was throttled, most first; rows without throttling are left out. */
export const queryThrottles = (client: ClickHouse, query: SliQuery = {}): Promise<readonly Throttles[]> =>
  rolled(client, Throttles, query, {
    select: 'sum(sli_1m.total) AS total, sum(sli_1m.throttled) AS throttled, throttled / total AS throttleRate',
    having: 'throttled > 0',
    order: 'throttled DESC',
  });

interface Shape {
  readonly select: string;
  /** A column that others are computed from and nobody asked for. */
  readonly hidden?: string;
  readonly having?: string;
  readonly order: string;
}

function rolled<T>(client: ClickHouse, row: z.ZodType<T>, query: SliQuery, shape: Shape): Promise<readonly T[]> {
  const by = [...new Set(query.by ?? [])];
  const { where, parameters } = filters(query);
  const grouped = by.map((name) => `${COLUMNS[name]} AS \`by_${name}\``);
  const renamed = by.map((name) => `\`by_${name}\` AS \`${name}\``);
  const hidden = ['1', ...by.map((name) => `by_${name}`), ...(shape.hidden === undefined ? [] : [shape.hidden])];
  const outer = [...renamed, `* EXCEPT (${hidden.map((name) => `\`${name}\``).join(', ')})`];
  const sql = `SELECT ${outer.join(', ')} FROM (
    SELECT 1 AS \`1\`, ${[...grouped, shape.select].join(', ')}
    FROM sli_1m WHERE ${where}
    ${by.length === 0 ? '' : `GROUP BY ${by.map((name) => `\`by_${name}\``).join(', ')}`}
    ${shape.having === undefined ? '' : `HAVING ${shape.having}`}
  ) ORDER BY ${[shape.order, ...by.map((name) => `\`${name}\``)].join(', ')} LIMIT {limit:UInt32}`;
  return client.query(row, sql, parameters);
}

function filters(query: SliQuery): { readonly where: string; readonly parameters: QueryParameters } {
  const where = [
    "bucket >= toStartOfMinute(toDateTime({since:UInt32}, 'UTC'))",
    "bucket <= toDateTime({until:UInt32}, 'UTC')",
  ];
  const parameters: Record<string, string | number> = {
    since: seconds(query.sinceUs, 0),
    until: seconds(query.untilUs, END_OF_TIME_SECONDS),
    limit: limitOf(query.limit),
  };
  for (const name of ['operation', 'key', 'principal', 'account', 'region'] as const) {
    const value = query[name];
    if (value === undefined) continue;
    where.push(`${COLUMNS[name]} = {${name}:String}`);
    parameters[name] = value;
  }
  return { where: where.join(' AND '), parameters };
}

const seconds = (us: number | undefined, otherwise: number): number =>
  us === undefined ? otherwise : Math.min(Math.max(Math.floor(us / 1_000_000), 0), END_OF_TIME_SECONDS);

export const limitOf = (limit = DEFAULT_LIMIT): number => Math.min(Math.max(Math.floor(limit), 1), MAX_LIMIT);
