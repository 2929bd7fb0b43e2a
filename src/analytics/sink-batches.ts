import { z } from 'zod';
import { assert, uuidv4 } from '../base/index.ts';
import type { ClickHouse } from './client.ts';

/** A partition of a topic of a log. Another log has other offsets, even under the same topic. */
export interface Line {
  readonly origin: string;
  readonly topic: string;
  readonly partition: number;
}

/** The bounds of one batch, recorded before its rows are sent. Whoever sends it sends exactly this. */
export interface Intent {
  /** Highest seq of this line before the batch; rows that are not higher are repeats and were left out. */
  readonly seqBefore: number;
  readonly lastSeq: number;
  readonly rowCount: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** The life of the server in which it is sent. */
  readonly server: string;
}

export interface LastBatch {
  readonly intent: Intent;
  readonly done: boolean;
  /** The present life of the server; undefined where nobody has named it yet. */
  readonly life: string | undefined;
}

/** The record of batches in `sink_batches`. */
export interface SinkBatches {
  /** Names this life of the server: another one after every restart of it. */
  serverLife(): Promise<string>;
  last(line: Line): Promise<LastBatch | undefined>;
  /**
   * Compare-and-set: records the intent unless somebody has recorded one for the same `seqBefore` in this life of the server, and
   * returns the one that counts. Undefined when another sink is already ahead of it, or the server's life is not the intent's.
   */
  record(line: Line, intent: Intent): Promise<Intent | undefined>;
  /** Says that the batch is whole in every table, so that it need not be looked at again. */
  markDone(line: Line, intent: Intent): Promise<void>;
}

/** One name for one set of rows in one life of the server. By seq: offsets start again when a topic is made anew. */
export const tokenOf = (line: Line, intent: Intent): string =>
  `${nameOf(line)}:${intent.seqBefore + 1}-${intent.lastSeq}@${intent.server}`;

const nameOf = ({ origin, topic, partition }: Line): string => `${origin}:${topic}:${partition}`;

const Life = z.strictObject({ id: z.uuid() });
const Row = z.strictObject({
  stage: z.enum(['intent', 'done']),
  seq_before: z.int().min(0),
  last_seq: z.int().min(1),
  row_count: z.int().min(1),
  first_offset: z.int().min(0),
  last_offset: z.int().min(0),
  server: z.uuid(),
  life: z.uuid().nullable(),
});

export function sinkBatches(client: ClickHouse): SinkBatches {
  const insert = ({ origin, topic, partition }: Line, stage: 'intent' | 'done', intent: Intent, token: string) =>
    client.insert('sink_batches', [{ origin, topic, k_partition: partition, stage, ...toColumns(intent) }], { token });
  return {
    last: (line) => last(client, line),
    serverLife: () => serverLife(client),
    record: async (line, intent) => {
      await insert(line, 'intent', intent, `intent:${nameOf(line)}:${intent.seqBefore}@${intent.server}`);
      const stands = await last(client, line);
      if (stands?.intent.seqBefore !== intent.seqBefore || stands.life !== intent.server) return undefined;
      return stands.intent.server === intent.server ? stands.intent : undefined;
    },
    markDone: (line, intent) => insert(line, 'done', intent, `done:${tokenOf(line, intent)}`),
  };
}

async function last(client: ClickHouse, { origin, topic, partition }: Line): Promise<LastBatch | undefined> {
  const rows = await client.query(
    Row,
    `SELECT stage, seq_before, last_seq, row_count, first_offset, last_offset, server,
      (SELECT id FROM server_life LIMIT 1) AS life
    FROM sink_batches FINAL
    WHERE origin = {origin:String} AND topic = {topic:String} AND k_partition = {partition:UInt32}`,
    { origin, topic, partition },
  );
  const intent = rows.find((row) => row.stage === 'intent');
  const done = rows.find((row) => row.stage === 'done');
  if (intent === undefined) return undefined;
  // Both bounds: a batch that was never sent may have been recorded again with others.
  const finished = done?.seq_before === intent.seq_before && done.last_seq === intent.last_seq;
  return { intent: toIntent(intent), done: finished, life: intent.life ?? undefined };
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
  seqBefore: row.seq_before,
  lastSeq: row.last_seq,
  rowCount: row.row_count,
  firstOffset: row.first_offset,
  lastOffset: row.last_offset,
  server: row.server,
});

const toColumns = (intent: Intent) => ({
  seq_before: intent.seqBefore,
  last_seq: intent.lastSeq,
  row_count: intent.rowCount,
  first_offset: intent.firstOffset,
  last_offset: intent.lastOffset,
  server: intent.server,
});
