import { z } from 'zod';
import type { KeyEvent } from '../events/index.ts';
import type { Item } from '../stream/index.ts';
import type { ClickHouse } from './client.ts';

const Seq = z.strictObject({ seq: z.int().min(0) });

/**
 * Highest seq that another log than this has brought; 0 where there was no other. A service that moves from the embedded log to Kafka
 * reads everything again, in partitions that know nothing of what is stored.
 */
export async function highestSeqElsewhere(client: ClickHouse, origin: string): Promise<number> {
  const sql = 'SELECT max(seq) AS seq FROM key_events WHERE origin != {origin:String}';
  const [row] = await client.query(Seq, sql, { origin });
  return row?.seq ?? 0;
}

/** Leaves out what another log has brought. Nobody writes for the other log any more, so the answer is the same every time. */
export async function withoutStored(
  client: ClickHouse,
  origin: string,
  elsewhere: number,
  items: readonly Item<KeyEvent>[],
): Promise<readonly Item<KeyEvent>[]> {
  const first = items[0]?.value.seq;
  const last = items.at(-1)?.value.seq;
  if (first === undefined || last === undefined || first > elsewhere) return items;
  const rows = await client.query(
    Seq,
    `SELECT seq FROM key_events WHERE origin != {origin:String} AND seq BETWEEN {first:UInt64} AND {last:UInt64}
`,
    { origin, first, last },
  );
  const stored = new Set(rows.map(({ seq }) => seq));
  return items.filter(({ value }) => !stored.has(value.seq));
}
