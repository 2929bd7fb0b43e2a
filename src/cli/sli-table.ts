import { queryLatency, querySuccessRate, type ClickHouse, type Latency, type SuccessRate } from '../analytics/index.ts';
import { formatCount, formatMs, formatShare, table, type Cell, type Style, type Terminal } from './terminal.ts';

export const SLI_BY = ['operation', 'key', 'principal'] as const;
export type SliBy = (typeof SLI_BY)[number];

/** Counts and quantiles of one operation, key or principal. Without latency where nothing succeeded. */
export interface SliRow {
  readonly name: string;
  readonly counts: SuccessRate;
  readonly latency: Latency | undefined;
}

/** More rows than anybody reads; `--json` readers may. */
const LIMIT = 1_000;

/**
 * The busiest first, from the minute rollup; whole minutes count.
 *
 * @throws OperationalError CLICKHOUSE_UNAVAILABLE or CLICKHOUSE_REJECTED
 */
export async function readSli(client: ClickHouse, by: SliBy, sinceUs: number): Promise<readonly SliRow[]> {
  const query = { by: [by], sinceUs, limit: LIMIT };
  const [counts, latencies] = await Promise.all([querySuccessRate(client, query), queryLatency(client, query)]);
  const latencyOf = new Map(latencies.map((row) => [row[by] ?? '', row]));
  return counts.map((row) => ({ name: row[by] ?? '', counts: row, latency: latencyOf.get(row[by] ?? '') }));
}

/** Trouble is coloured, zeros are quiet. */
const trouble = (count: number, style: Style): Cell => ({
  text: formatCount(count),
  style: count === 0 ? 'dim' : style,
});
const duration = (ms: number | undefined): string => (ms === undefined ? '-' : formatMs(ms));

const NUMBERS = {
  requests: ({ counts }) => formatCount(counts.total),
  success: ({ counts }) => formatShare(counts.successRate),
  denied: ({ counts }) => trouble(counts.denied, 'red'),
  throttled: ({ counts }) => trouble(counts.throttled, 'yellow'),
  invalid: ({ counts }) => trouble(counts.invalid, 'yellow'),
  failed: ({ counts }) => trouble(counts.failed, 'red'),
  p50: ({ latency }) => duration(latency?.p50Ms),
  p95: ({ latency }) => duration(latency?.p95Ms),
  p99: ({ latency }) => duration(latency?.p99Ms),
} as const satisfies Readonly<Record<string, (row: SliRow) => Cell>>;

export type SliNumber = keyof typeof NUMBERS;
const ALL = Object.keys(NUMBERS) as readonly SliNumber[];

/** The rows as a table under a title for their names. */
export const sliTable = (
  terminal: Terminal,
  title: string,
  rows: readonly SliRow[],
  numbers: readonly SliNumber[] = ALL,
): string[] =>
  table(
    terminal,
    [{ title }, ...numbers.map((number) => ({ title: number, align: 'right' as const }))],
    rows.map((row) => [row.name === '' ? '(none)' : row.name, ...numbers.map((number) => NUMBERS[number](row))]),
  );
