import { z } from 'zod';
import { DATABASE, type ClickHouse } from '../../analytics/index.ts';
import type { Config } from '../doors.ts';

/** Who called with the role's access key, by tool and outcome: the raw events that the alert rests on. */
export const callsQuery = (principal: string): string => `SELECT
  extract(user_agent, '\\S+$') AS tool,
  operation,
  outcome,
  count() AS calls,
  uniqExact(encryption_context['customer']) AS customers,
  toString(min(time)) AS first,
  toString(max(time)) AS last
FROM key_events
WHERE principal = '${principal}'
GROUP BY tool, operation, outcome
ORDER BY calls DESC`;

export const alertQuery = (principal: string): string => `SELECT
  severity,
  status,
  title,
  principal,
  key_arn,
  toString(first_seen) AS first_seen,
  toString(last_seen) AS last_seen,
  findings_count,
  explanation
FROM alerts FINAL
WHERE principal = '${principal}'`;

const Row = z.record(z.string(), z.union([z.string(), z.number()]));
export type SqlRow = z.infer<typeof Row>;

/** @throws OperationalError CLICKHOUSE_UNAVAILABLE or CLICKHOUSE_REJECTED */
export const runSql = (client: ClickHouse, sql: string): Promise<readonly SqlRow[]> => client.query(Row, sql);

const SAFE = /^[\w@%+=:,./-]+$/;
const quoted = (text: string): string => (SAFE.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/**
 * The query as a command to paste into a POSIX shell. Its password is read from where it lies, and is neither printed here nor
 * visible in the list of processes.
 */
export function asCurl(config: Config, sql: string): readonly string[] {
  const body = `${sql}\nFORMAT Vertical`.split('\n');
  const data = body.map(
    (line, at) =>
      `${at === 0 ? `  --data-binary "` : ''}${line.replaceAll(/["$`\\]/g, '\\$&')}${at === body.length - 1 ? '"' : ''}`,
  );
  if (config.clickHouse !== undefined) {
    return [
      `printf 'user = "%s:%s"\\n' "\${CLICKHOUSE_USER:-default}" "$CLICKHOUSE_PASSWORD" |`,
      `  curl -sS -K - "\${CLICKHOUSE_URL%/}/?database=${DATABASE}" \\`,
      ...data,
    ];
  }
  const users = quoted(JSON.stringify(`${config.paths.clickHouse}/users.json`));
  return [
    `node -p '"user = sre:" + require(${users.replaceAll("'", '')}).sre.password' |`,
    `  curl -sS -K - 'http://127.0.0.1:${config.clickHousePort}/?database=${DATABASE}' \\`,
    ...data,
  ];
}
