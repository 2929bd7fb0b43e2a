import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { openJournalReader } from '../../../src/journal/index.ts';
import type { KeyEvent } from '../../../src/events/index.ts';
import type { Service } from '../../support/service.ts';

/** Rows of the embedded ClickHouse, over the HTTP interface that everybody else has. */
export async function sql<Row = Record<string, unknown>>(
  { data, environment }: Service,
  query: string,
): Promise<Row[]> {
  const users = JSON.parse(readFileSync(join(data, 'clickhouse', 'users.json'), 'utf8')) as {
    keyledger: { password: string };
  };
  const url = new URL(`http://127.0.0.1:${environment['KEYLEDGER_CLICKHOUSE_PORT'] ?? ''}/`);
  url.searchParams.set('database', 'keyledger');
  url.searchParams.set('default_format', 'JSONEachRow');
  url.searchParams.set('output_format_json_quote_64bit_integers', '0');
  const headers = { 'x-clickhouse-user': 'keyledger', 'x-clickhouse-key': users.keyledger.password };
  const answer = await fetch(url, { method: 'POST', headers, body: query, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${query}: ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** The same events counted in the five places where each of them must be exactly once. */
export interface Tally {
  readonly journal: number;
  readonly ledger: number;
  readonly rows: number;
  readonly distinct: number;
  readonly rollup: number;
}

async function tallyOf(service: Service, ledgerAt: Service): Promise<Tally> {
  const [status, ledger] = await Promise.all([ledgerAt.status(), ledgerAt.status()]);
  const [counts] = await sql<{ rows: number; distinct: number }>(
    service,
    'SELECT count() AS rows, uniqExact(seq) AS distinct FROM key_events',
  );
  const [rollup] = await sql<{ total: number }>(service, 'SELECT sum(total) AS total FROM sli_1m');
  return {
    journal: status.journal?.head ?? -1,
    ledger: ledger.ledger?.size ?? -1,
    rows: counts?.rows ?? -1,
    distinct: counts?.distinct ?? -1,
    rollup: rollup?.total ?? -1,
  };
}

/** The tally as soon as all of it agrees, or as it is when the time is over: whoever asks compares. */
export async function settledTally(service: Service, { ledgerAt = service, withinMs = 60_000 } = {}): Promise<Tally> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    // A ClickHouse that is coming back answers nobody.
    const tally = await tallyOf(service, ledgerAt).catch((error: unknown) => {
      if (Date.now() > deadline) throw error;
      return undefined;
    });
    if (tally !== undefined && (new Set(Object.values(tally)).size === 1 || Date.now() > deadline)) return tally;
    await delay(50);
  }
}

/** What every place should say. */
export const all = (count: number): Tally => ({
  journal: count,
  ledger: count,
  rows: count,
  distinct: count,
  rollup: count,
});

/** Every event of a journal, read from the files. */
export async function journalOf(data: string): Promise<KeyEvent[]> {
  const reader = openJournalReader(join(data, 'journal'));
  try {
    return reader.read(1, Number.MAX_SAFE_INTEGER).map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as KeyEvent);
  } finally {
    await reader.close();
  }
}

export interface TopicMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Every message that a topic holds now, in the order of each partition. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<TopicMessage[]> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], clientId: 'e2e', logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const owed = new Map(
    ends
      .filter(({ high, low }) => Number(high) > Number(low))
      .map(({ partition, high }) => [partition, Number(high) - 1]),
  );
  const messages: TopicMessage[] = [];
  if (owed.size === 0) return messages;
  const consumer = kafka.consumer({ groupId: `e2e-${randomUUID()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  try {
    await new Promise<void>((done, fail) => {
      consumer.on('consumer.crash', ({ payload }) => fail(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch: { partition, messages: batch } }) => {
            for (const { offset, key, value, headers = {} } of batch) {
              const texts = Object.entries(headers).map(([name, header]) => [name, String(header)] as const);
              const [keyBytes, valueBytes] = [key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)];
              messages.push({
                partition,
                offset: Number(offset),
                key: keyBytes,
                value: valueBytes,
                headers: Object.fromEntries(texts),
              });
              if (Number(offset) >= (owed.get(partition) ?? Infinity)) owed.delete(partition);
            }
            if (owed.size === 0) done();
            return Promise.resolve();
          },
        })
        .catch(fail);
    });
  } finally {
    await consumer.disconnect();
  }
  return messages;
}
