import { z } from 'zod';
import type { Log } from '../base/index.ts';
import type { ClickHouse } from './client.ts';
import { tokenOf, type Intent } from './sink-batches.ts';

/** The tables that inserts into key_events fill. */
const ROLLUPS = [
  { table: 'sli_1m', view: 'sli_1m_mv', bucketOf: 'toStartOfMinute', next: 'addMinutes' },
  { table: 'sli_1h', view: 'sli_1h_mv', bucketOf: 'toStartOfHour', next: 'addHours' },
] as const;
type Rollup = (typeof ROLLUPS)[number];

export interface Interrupted {
  readonly topic: string;
  readonly partition: number;
  readonly intent: Intent;
  /** The present life of the server, which is not the intent's. */
  readonly server: string;
}

const Arrived = z.strictObject({ rows: z.int(), first: z.string(), last: z.string() });
const Sums = z.strictObject({ raw: z.int(), rolled: z.int() });
const View = z.strictObject({ query: z.string(), columns: z.string() });

/**
 * Finishes a batch that was in flight when an earlier life of the server ended. Tokens of that life say nothing (see
 * `server_life`), but nothing of it is in flight any more either, so the rows themselves can be asked. ClickHouse commits
 * one table after the other, key_events first: the batch is absent everywhere, or whole in key_events and perhaps missing in rollups,
 * which are then completed from key_events. A crash in here is repaired by running it again.
 *
 * Resolves to true when the batch is whole, to false when nothing of it was stored.
 */
export async function recoverBatch(client: ClickHouse, interrupted: Interrupted, log: Log): Promise<boolean> {
  const { topic, partition, intent } = interrupted;
  const [arrived] = await client.query(
    Arrived,
    `SELECT count() AS rows, toString(min(time)) AS first, toString(max(time)) AS last FROM key_events
    WHERE topic = {topic:String} AND k_partition = {partition:UInt32} AND k_offset BETWEEN {from:UInt64} AND {to:UInt64}`,
    { topic, partition, from: intent.firstOffset, to: intent.lastOffset },
  );
  if (arrived === undefined || arrived.rows === 0) return false;
  const fields = { partition, first: intent.firstOffset, last: intent.lastOffset };
  if (arrived.rows !== intent.rowCount) {
    // An insert is one part, all or nothing: somebody else has removed or added rows.
    log.error('sink-batch-altered', { ...fields, expected: intent.rowCount, found: arrived.rows });
  }
  for (const rollup of ROLLUPS) {
    const [sums] = await client.query(Sums, sumsQuery(rollup), { partition, first: arrived.first, last: arrived.last });
    const missing = sums === undefined ? 0 : sums.raw - sums.rolled;
    if (missing === arrived.rows) {
      await completeRollup(client, rollup, interrupted);
      log.warn('rollup-completed', { ...fields, table: rollup.table, rows: missing });
    } else if (missing !== 0) {
      log.error('rollup-differs', { ...fields, table: rollup.table, rows: missing });
    }
  }
  return true;
}

/** Raw rows and their sum in a rollup, over the whole buckets that the batch touches, of its partition alone. */
const sumsQuery = ({ table, bucketOf, next }: Rollup): string => `WITH
  ${bucketOf}(toDateTime64({first:String}, 6, 'UTC')) AS since,
  ${bucketOf}(toDateTime64({last:String}, 6, 'UTC')) AS until
SELECT
  (SELECT count() FROM key_events
    WHERE k_partition = {partition:UInt32} AND time >= since AND time < ${next}(until, 1)) AS raw,
  (SELECT sum(total) FROM ${table}
    WHERE k_partition = {partition:UInt32} AND bucket BETWEEN since AND until) AS rolled`;

/** Runs the view's own query over the batch's rows alone. The token covers a repeat within this life of the server. */
async function completeRollup(client: ClickHouse, { table, view }: Rollup, interrupted: Interrupted): Promise<void> {
  const { topic, partition, intent, server } = interrupted;
  const [definition] = await client.query(
    View,
    `SELECT as_select AS query, (
      SELECT arrayStringConcat(groupArray(name), ', ')
      FROM (SELECT name FROM system.columns WHERE database = {database:String} AND table = {view:String} ORDER BY position)
    ) AS columns FROM system.tables WHERE database = {database:String} AND name = {view:String}`,
    { database: client.database, view },
  );
  if (definition === undefined) return;
  const token = `${table}:${tokenOf(topic, partition, { ...intent, server })}`;
  const rows =
    `topic = \\'${topic}\\' AND k_partition = ${String(partition)} ` +
    `AND k_offset BETWEEN ${String(intent.firstOffset)} AND ${String(intent.lastOffset)}`;
  await client.command(
    `INSERT INTO ${table} (${definition.columns}) ${definition.query}
    SETTINGS insert_deduplicate = 1, insert_deduplication_token = '${token}', max_threads = 1, max_insert_threads = 1,
      additional_table_filters = {'${client.database}.key_events': '${rows}'}`,
  );
}
