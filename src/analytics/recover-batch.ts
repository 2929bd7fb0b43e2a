import { z } from 'zod';
import type { Log } from '../base/index.ts';
import type { ClickHouse } from './client.ts';
import { tokenOf, type Intent, type Line } from './sink-batches.ts';

/** The tables that inserts into key_events fill. */
const ROLLUPS = [
  { table: 'sli_1m', view: 'sli_1m_mv', bucketOf: 'toStartOfMinute', next: 'addMinutes' },
  { table: 'sli_1h', view: 'sli_1h_mv', bucketOf: 'toStartOfHour', next: 'addHours' },
] as const;
type Rollup = (typeof ROLLUPS)[number];

export interface Interrupted {
  readonly line: Line;
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
  const { line, intent } = interrupted;
  const { rows, missing } = await inspect(client, line, intent);
  if (rows === 0) return false;
  const fields = { partition: line.partition, seqBefore: intent.seqBefore, lastSeq: intent.lastSeq };
  if (rows !== intent.rowCount) {
    // An insert is one part, all or nothing: somebody else has removed or added rows.
    log.error('sink-batch-altered', { ...fields, expected: intent.rowCount, found: rows });
  }
  for (const [rollup, lacks] of missing) {
    if (lacks === rows) {
      await completeRollup(client, rollup, interrupted);
      log.warn('rollup-completed', { ...fields, table: rollup.table, rows: lacks });
    } else if (lacks !== 0) {
      log.error('rollup-differs', { ...fields, table: rollup.table, rows: lacks });
    }
  }
  return true;
}

/** Whether a batch of this life of the server is whole in every table. It may become so while it is in flight. */
export async function isStored(client: ClickHouse, line: Line, intent: Intent): Promise<boolean> {
  const { rows, missing } = await inspect(client, line, intent);
  return rows === intent.rowCount && [...missing.values()].every((lacks) => lacks === 0);
}

interface Inspected {
  /** Raw rows of the batch. */
  readonly rows: number;
  /** Operations that each rollup counts too few, over the buckets that the batch touches. */
  readonly missing: ReadonlyMap<Rollup, number>;
}

async function inspect(client: ClickHouse, { origin, topic, partition }: Line, intent: Intent): Promise<Inspected> {
  const [arrived] = await client.query(
    Arrived,
    `SELECT count() AS rows, toString(min(time)) AS first, toString(max(time)) AS last FROM key_events
    WHERE origin = {origin:String} AND topic = {topic:String} AND k_partition = {partition:UInt32}
      AND seq > {after:UInt64} AND seq <= {to:UInt64}`,
    { origin, topic, partition, after: intent.seqBefore, to: intent.lastSeq },
  );
  const missing = new Map<Rollup, number>();
  if (arrived === undefined || arrived.rows === 0) return { rows: 0, missing };
  for (const rollup of ROLLUPS) {
    const [sums] = await client.query(Sums, sumsQuery(rollup), { partition, first: arrived.first, last: arrived.last });
    missing.set(rollup, sums === undefined ? 0 : sums.raw - sums.rolled);
  }
  return { rows: arrived.rows, missing };
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
  const { line, intent, server } = interrupted;
  const [definition] = await client.query(
    View,
    `SELECT as_select AS query, (
      SELECT arrayStringConcat(groupArray(name), ', ')
      FROM (SELECT name FROM system.columns WHERE database = {database:String} AND table = {view:String} ORDER BY position)
    ) AS columns FROM system.tables WHERE database = {database:String} AND name = {view:String}`,
    { database: client.database, view },
  );
  if (definition === undefined) return;
  const token = `${table}:${tokenOf(line, { ...intent, server })}`;
  // A filter is a string within a string; topic and origin are names of ours.
  const rows =
    `origin = \\'${line.origin}\\' AND topic = \\'${line.topic}\\' AND k_partition = ${line.partition} ` +
    `AND seq > ${intent.seqBefore} AND seq <= ${intent.lastSeq}`;
  await client.command(
    `INSERT INTO ${table} (${definition.columns}) ${definition.query}
    SETTINGS insert_deduplicate = 1, insert_deduplication_token = '${token}', max_threads = 1, max_insert_threads = 1,
      additional_table_filters = {'${client.database}.key_events': '${rows}'}`,
  );
}
