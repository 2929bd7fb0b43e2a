import { z } from 'zod';
import { Alert, Finding, type Severity } from '../events/index.ts';
import type { ClickHouse } from './client.ts';
import { limitOf } from './sli.ts';

const Coverage = z.strictObject({
  /** Rows of key_events. */
  rows: z.int().min(0),
  distinctSeq: z.int().min(0),
  /** 0 where there are no rows. */
  minSeq: z.int().min(0),
  maxSeq: z.int().min(0),
  /** Operations that each rollup counts. */
  sli1m: z.int().min(0),
  sli1h: z.int().min(0),
});
/** Whole when all counts are equal, and equal to `maxSeq - minSeq + 1`. */
export type Coverage = z.infer<typeof Coverage>;

/** Whether the tables agree with each other and with the journal. Reads a column of every row: seconds at 10^8 rows. */
export async function queryCoverage(client: ClickHouse): Promise<Coverage> {
  const [coverage] = await client.query(
    Coverage,
    `SELECT count() AS rows, uniqExact(seq) AS distinctSeq, min(seq) AS minSeq, max(seq) AS maxSeq,
      (SELECT sum(total) FROM sli_1m) AS sli1m, (SELECT sum(total) FROM sli_1h) AS sli1h
    FROM key_events`,
  );
  return coverage ?? { rows: 0, distinctSeq: 0, minSeq: 0, maxSeq: 0, sli1m: 0, sli1h: 0 };
}

export const isWhole = (coverage: Coverage): boolean =>
  coverage.rows === coverage.distinctSeq &&
  coverage.rows === coverage.sli1m &&
  coverage.rows === coverage.sli1h &&
  (coverage.rows === 0 || coverage.rows === coverage.maxSeq - coverage.minSeq + 1);

export interface EvidenceQuery {
  readonly account?: string;
  readonly severity?: Severity;
  /** Microseconds since the epoch: findings of this time or later, alerts that were still seen then. */
  readonly sinceUs?: number;
  /** Rows at most (default 100, never above 10,000). */
  readonly limit?: number;
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});
const FindingRow = z.strictObject({ finding: json.pipe(Finding) });
const AlertRow = z.strictObject({ alert: json.pipe(Alert) });

/** Findings, newest first. */
export async function queryFindings(client: ClickHouse, query: EvidenceQuery = {}): Promise<readonly Finding[]> {
  const rows = await client.query(
    FindingRow,
    `SELECT finding FROM findings FINAL WHERE ${conditions('time')} ORDER BY time DESC, id LIMIT {limit:UInt32}`,
    parametersOf(query),
  );
  return rows.map((row) => row.finding);
}

/** Alerts as they stand now, the one seen last first. */
export async function queryAlerts(client: ClickHouse, query: EvidenceQuery = {}): Promise<readonly Alert[]> {
  const rows = await client.query(
    AlertRow,
    `SELECT alert FROM alerts FINAL WHERE ${conditions('last_seen')} ORDER BY last_seen DESC, id LIMIT {limit:UInt32}`,
    parametersOf(query),
  );
  return rows.map((row) => row.alert);
}

const conditions = (time: string): string =>
  `${time} >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ({account:String} = '' OR account = {account:String})
  AND ({severity:String} = '' OR severity = {severity:String})`;

const parametersOf = ({ account = '', severity, sinceUs = 0, limit }: EvidenceQuery) => ({
  account,
  severity: severity ?? '',
  since: Math.max(0, Math.floor(sinceUs)),
  limit: limitOf(limit),
});
