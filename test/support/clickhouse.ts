import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATABASE, migrate, openClickHouse, startEmbeddedClickHouse } from '../../src/analytics/index.ts';
import type { ClickHouse, ClickHouseServer } from '../../src/analytics/index.ts';
import { silentLog, type Closeable } from '../../src/base/index.ts';

/** A real ClickHouse with the schema in it and nothing else. */
export interface TestClickHouse extends Closeable {
  readonly client: ClickHouse;
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Empties every table that holds data. */
  empty(): Promise<void>;
}

const DATA_TABLES = ['key_events', 'sli_1m', 'sli_1h', 'key_state', 'findings', 'alerts', 'sink_batches'];

/** The server of CLICKHOUSE_URL, in a database of its own; else an embedded one. There is always one of the two. */
export async function startTestClickHouse(): Promise<TestClickHouse> {
  const given = process.env['CLICKHOUSE_URL'];
  return given === undefined || given === '' ? embedded() : external(new URL(given));
}

async function embedded(): Promise<TestClickHouse> {
  const mortal = await startMortalClickHouse();
  const { url, users } = mortal.server();
  return prepared(mortal.client(), { url, user: 'keyledger', password: users.keyledger.password }, () =>
    mortal.close(),
  );
}

async function external(given: URL): Promise<TestClickHouse> {
  const user = decodeURIComponent(given.username) || 'default';
  const password = decodeURIComponent(given.password);
  const url = given.origin;
  const database = `keyledger_test_${randomBytes(6).toString('hex')}`;
  const client = openClickHouse({ url, user, password, database });
  return prepared(client, { url, user, password }, () =>
    client.command(`DROP DATABASE IF EXISTS ${database}`, { outsideDatabase: true }),
  );
}

async function prepared(
  client: ClickHouse,
  access: Pick<TestClickHouse, 'url' | 'user' | 'password'>,
  end: () => Promise<void>,
): Promise<TestClickHouse> {
  await migrate(client);
  return {
    client,
    ...access,
    empty: async () => {
      for (const table of DATA_TABLES) await client.command(`TRUNCATE TABLE ${table}`);
    },
    close: async () => {
      await end();
      await client.close();
    },
  };
}

/** An embedded ClickHouse that may be killed: the same data, a new process and a new port after each start. */
export interface MortalClickHouse extends Closeable {
  readonly dir: string;
  server(): ClickHouseServer;
  /** A client of the present server; closed with it. */
  client(): ClickHouse;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startMortalClickHouse(): Promise<MortalClickHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'keyledger-clickhouse-'));
  const launch = async (): Promise<{ server: ClickHouseServer; client: ClickHouse }> => {
    const server = await startEmbeddedClickHouse({ dir, port: 0, log: silentLog });
    const { password } = server.users.keyledger;
    return { server, client: openClickHouse({ url: server.url, user: 'keyledger', password, database: DATABASE }) };
  };
  let running = await launch();
  return {
    dir,
    server: () => running.server,
    client: () => running.client,
    kill: async () => {
      const gone = new Promise((done) => running.server.onExit(done));
      process.kill(running.server.pid, 'SIGKILL');
      await gone;
      await running.client.close();
    },
    start: async () => {
      running = await launch();
    },
    close: async () => {
      await running.client.close();
      await running.server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
