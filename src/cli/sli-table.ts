import { queryLatency, querySuccessRate, type ClickHouse, type Latency, type SuccessRate } from '../analytics/index.ts';
import { formatCount, formatMs, formatShare, table, type Cell, type Terminal } from './terminal.ts';

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

const NUMBERS = ['requests', 'success', 'denied', 'throttled', 'invalid', 'failed', 'p50', 'p95', 'p99'] as const;

/** The rows as a table, each called by `nameOf`. Trouble is coloured, zeros are quiet. */
export function sliTable(
  terminal: Terminal,
  title: string,
  rows: readonly SliRow[],
  nameOf = (name: string): string => name,
): string[] {
  const trouble = (count: number, style: 'red' | 'yellow'): Cell => ({
    text: formatCount(count),
    style: count === 0 ? 'dim' : style,
  });
  const duration = (ms: number | undefined): string => (ms === undefined ? '-' : formatMs(ms));
  return table(
    terminal,
    [{ title }, ...NUMBERS.map((number) => ({ title: number, align: 'right' as const }))],
    rows.map(({ name, counts, latency }) => [
      nameOf(name) || '(none)',
      formatCount(counts.total),
      formatShare(counts.successRate),
      trouble(counts.denied, 'red'),
      trouble(counts.throttled, 'yellow'),
      trouble(counts.invalid, 'yellow'),
      trouble(counts.failed, 'red'),
      duration(latency?.p50Ms),
      duration(latency?.p95Ms),
      duration(latency?.p99Ms),
    ]),
  );
}
