import { z } from 'zod';
import { assert, uuidv4 } from '../base/index.ts';
import type { ClickHouse } from './client.ts';

/** The bounds of one batch, recorded before its rows are sent. Whoever sends it sends exactly this. */
export interface Intent {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Highest seq of this partition before the batch; rows that are not higher are repeats and were left out. */
  readonly seqBefore: number;
  readonly lastSeq: number;
  readonly rowCount: number;
  /** The life of the server in which it is sent. */
  readonly server: string;
}

export interface LastBatch {
  readonly intent: Intent;
  readonly done: boolean;
  /** The present life of the server; undefined where nobody has named it yet. */
  readonly life: string | undefined;
}

/** The record of batches in `sink_batches`, for one topic. */
export interface SinkBatches {
  /** Names this life of the server: another one after every restart of it. */
  serverLife(): Promise<string>;
  last(partition: number): Promise<LastBatch | undefined>;
  /**
   * Compare-and-set: records the intent unless somebody has recorded one for the same first offset in this life of the server, and
   * returns the one that counts. Undefined when another sink is already ahead of it, or the server's life is not the intent's.
   */
  record(partition: number, intent: Intent): Promise<Intent | undefined>;
  /** Says that the batch is whole in every table, so that it need not be looked at again. */
  markDone(partition: number, intent: Intent): Promise<void>;
}

/** One name for one set of rows in one life of the server. */
export const tokenOf = (topic: string, partition: number, intent: Intent): string =>
  `${topic}:${String(partition)}:${String(intent.firstOffset)}-${String(intent.lastOffset)}@${intent.server}`;

const Life = z.strictObject({ id: z.uuid() });
const Row = z.strictObject({
  stage: z.enum(['intent', 'done']),
  first_offset: z.int().min(0),
  last_offset: z.int().min(0),
  seq_before: z.int().min(0),
  last_seq: z.int().min(1),
  row_count: z.int().min(1),
  server: z.uuid(),
  life: z.uuid().nullable(),
});

export function sinkBatches(client: ClickHouse, topic: string): SinkBatches {
  const last: SinkBatches['last'] = async (partition) => {
    const rows = await client.query(
      Row,
      `SELECT stage, first_offset, last_offset, seq_before, last_seq, row_count, server,
        (SELECT id FROM server_life LIMIT 1) AS life
      FROM sink_batches FINAL
      WHERE topic = {topic:String} AND k_partition = {partition:UInt32}`,
      { topic, partition },
    );
    const intent = rows.find((row) => row.stage === 'intent');
    const done = rows.find((row) => row.stage === 'done');
    if (intent === undefined) return undefined;
    // Both bounds: a batch that was never sent may have been recorded again with others.
    const finished = done?.first_offset === intent.first_offset && done.last_offset === intent.last_offset;
    return { intent: toIntent(intent), done: finished, life: intent.life ?? undefined };
  };
  const insert = (partition: number, stage: 'intent' | 'done', intent: Intent, token: string): Promise<void> =>
    client.insert('sink_batches', [{ topic, k_partition: partition, stage, ...toColumns(intent) }], { token });
  return {
    last,
    serverLife: () => serverLife(client),
    record: async (partition, intent) => {
      const place = `${topic}:${String(partition)}:${String(intent.firstOffset)}`;
      await insert(partition, 'intent', intent, `intent:${place}@${intent.server}`);
      const stands = await last(partition);
      if (stands?.intent.firstOffset !== intent.firstOffset || stands.life !== intent.server) return undefined;
      return stands.intent.server === intent.server ? stands.intent : undefined;
    },
    markDone: (partition, intent) => insert(partition, 'done', intent, `done:${tokenOf(topic, partition, intent)}`),
  };
}

async function serverLife(client: ClickHouse): Promise<string> {
  // Rows of a Memory table keep the order of their inserts, so two that name it at once agree on the first.
  const ask = 'SELECT id FROM server_life LIMIT 1';
  const [named] = await client.query(Life, ask);
  if (named !== undefined) return named.id;
  await client.insert('server_life', [{ id: uuidv4() }]);
  const [now] = await client.query(Life, ask);
  assert(now, 'server_life has a row after one was inserted');
  return now.id;
}

const toIntent = (row: z.infer<typeof Row>): Intent => ({
  firstOffset: row.first_offset,
  lastOffset: row.last_offset,
  seqBefore: row.seq_before,
  lastSeq: row.last_seq,
  rowCount: row.row_count,
  server: row.server,
});

const toColumns = (intent: Intent) => ({
  first_offset: intent.firstOffset,
  last_offset: intent.lastOffset,
  seq_before: intent.seqBefore,
  last_seq: intent.lastSeq,
  row_count: intent.rowCount,
  server: intent.server,
});
