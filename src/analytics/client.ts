import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { assert, messageOf, OperationalError, type Closeable } from '../base/index.ts';
import { DATABASE } from './database.ts';

export interface ClickHouseOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** `keyledger` where nothing else is said. */
  readonly database?: string;
  /** Gives up on one request after this long (default 60 s). An insert given up on may still happen. */
  readonly requestTimeoutMs?: number;
}

export type QueryParameters = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[]>
>;

export interface InsertOptions {
  /** Two inserts into one table with the same token are one insert, as long as the table's deduplication window remembers. */
  readonly token?: string;
}

/**
 * A connection to one database. Every method throws OperationalError: CLICKHOUSE_UNAVAILABLE (retryable, and an insert may or
 * may not have happened) or CLICKHOUSE_REJECTED (the same statement would be refused again).
 */
export interface ClickHouse extends Closeable {
  readonly database: string;
  /** A statement without an answer. `database: ''` runs it outside the database, which may not exist yet. */
  command(sql: string, options?: { readonly outsideDatabase?: boolean }): Promise<void>;
  /** Resolves when the rows are on disk in the table and in everything its materialized views fill. */
  insert(table: string, rows: readonly object[], options?: InsertOptions): Promise<void>;
  /** Values go in as `{name:Type}` parameters, never by pasting text. Each row of the answer is checked by the schema. */
  query<T>(row: z.ZodType<T>, sql: string, parameters?: QueryParameters): Promise<readonly T[]>;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * ClickHouse 26.7 inserts asynchronously, in parallel and in blocks of its own choosing unless told otherwise. One insert has to be
 * one block per table, or its deduplication token would name pieces whose borders may move.
 */
const INSERT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  max_insert_block_size: '1048576',
  min_insert_block_size_rows: '1048576',
  min_insert_block_size_bytes: '1073741824',
  input_format_skip_unknown_fields: 0,
};

/** Refusals that pass by themselves or when somebody frees room; all others are about the statement. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ABORTED',
  'ALL_CONNECTION_TRIES_FAILED',
  'CANNOT_SCHEDULE_TASK',
  'KEEPER_EXCEPTION',
  'MEMORY_LIMIT_EXCEEDED',
  'NETWORK_ERROR',
  'NOT_ENOUGH_SPACE',
  'NO_FREE_CONNECTION',
  'QUERY_WAS_CANCELLED',
  'SERVER_OVERLOADED',
  'SOCKET_TIMEOUT',
  'TABLE_IS_READ_ONLY',
  'TIMEOUT_EXCEEDED',
  'TOO_MANY_PARTS',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
]);

export function openClickHouse(options: ClickHouseOptions): ClickHouse {
  const database = options.database ?? DATABASE;
  assert(/^\w+$/.test(database), 'a database name that needs no quotes');
  const shared = {
    url: options.url,
    username: options.user,
    password: options.password,
    request_timeout: options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    application: 'keyledger',
    // Failures are thrown with all there is to say; the client would say it again on the console.
    log: { level: ClickHouseLogLevel.OFF },
    // Compressed answers are a setting, which a read-only user may not change.
    compression: { request: false, response: false },
  } as const;
  const client = createClient({ ...shared, database });
  const outside = createClient({ ...shared, database: 'system' });
  return {
    database,
    command: (sql, { outsideDatabase = false } = {}) =>
      guarded(async () => {
        const settings: ClickHouseSettings = { wait_end_of_query: 1 };
        await (outsideDatabase ? outside : client).command({ query: sql, clickhouse_settings: settings });
      }),
    insert: (table, rows, { token } = {}) =>
      guarded(async () => {
        const settings = token === undefined ? {} : { insert_deduplication_token: token };
        await client.insert({
          table,
          values: rows,
          format: 'JSONEachRow',
          clickhouse_settings: { ...INSERT_SETTINGS, ...settings },
        });
      }),
    query: (row, sql, parameters = {}) =>
      guarded(async () => {
        const answer = await client.query({ query: sql, format: 'JSONEachRow', query_params: { ...parameters } });
        const parsed = z.array(row).safeParse(await answer.json());
        if (parsed.success) return parsed.data;
        const where = parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.code}`);
        throw new OperationalError(
          'CLICKHOUSE_REJECTED',
          `ClickHouse answered in an unknown form (${where.join('; ')})`,
        );
      }),
    close: async () => {
      await Promise.all([client.close(), outside.close()]);
    },
  };
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw toOperationalError(cause);
  }
}

/** What a failed request means to its caller. The message carries ClickHouse's reason, cut short: it may quote a statement. */
export function toOperationalError(cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  if (cause instanceof ClickHouseError && !TRANSIENT.has(cause.type ?? '')) {
    return new OperationalError('CLICKHOUSE_REJECTED', `${cause.type ?? cause.code}: ${brief(cause.message)}`, {
      cause,
    });
  }
  return new OperationalError('CLICKHOUSE_UNAVAILABLE', `ClickHouse: ${brief(messageOf(cause))}`, {
    cause,
    retryable: true,
  });
}

const brief = (message: string): string => message.slice(0, 400);
