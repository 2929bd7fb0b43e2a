import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { migrate, openClickHouse, readEmbeddedUsers, startEmbeddedClickHouse } from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { startMortalClickHouse, type MortalClickHouse } from '../../support/clickhouse.ts';
import { eventually } from '../../support/eventually.ts';

const START = { port: 0, log: silentLog };
let mortal: MortalClickHouse;

beforeAll(async () => {
  mortal = await startMortalClickHouse();
  await migrate(mortal.client());
});
afterAll(() => mortal.close());

/** Status and text of a statement sent over plain HTTP, with or without credentials. */
async function http(sql: string, user?: 'sre' | 'keyledger', query = ''): Promise<{ status: number; text: string }> {
  const { url, users } = mortal.server();
  const headers: Record<string, string> =
    user === undefined ? {} : { 'x-clickhouse-user': user, 'x-clickhouse-key': users[user].password };
  const answer = await fetch(`${url}/?${query}`, { method: 'POST', body: sql, headers });
  return { status: answer.status, text: await answer.text() };
}

const alive = (url: string): Promise<boolean> =>
  fetch(`${url}/ping`).then(
    (answer) => answer.ok,
    () => false,
  );

test('without credentials nothing is answered, not even SELECT 1', async () => {
  for (const sql of [
    'SELECT 1',
    'SELECT * FROM keyledger.key_events',
    'SELECT name FROM system.users',
    'SHOW TABLES',
  ]) {
    const answer = await http(sql);
    expect([403, 500], sql).toContain(answer.status);
    expect(answer.text).toMatch(/USER_SESSION_LIMIT_EXCEEDED|ACCESS_DENIED/);
  }
});

test('without credentials nobody can stop the listener, whatever settings or session they name', async () => {
  for (const query of ['', 'max_sessions_for_user=10', 'session_id=mine', 'user=default']) {
    expect((await http('SYSTEM STOP LISTEN HTTP', undefined, query)).status).not.toBe(200);
  }
  expect((await http('SELECT 1', 'keyledger')).text).toBe('1\n');
});

test('a wrong password is refused', async () => {
  const answer = await fetch(`${mortal.server().url}/?query=SELECT+1&user=keyledger&password=guess`);
  expect(answer.status).toBe(403);
});

test('sre reads every table and view of the database', async () => {
  for (const name of ['key_events', 'sli_1m', 'sli_1h', 'key_state', 'findings', 'alerts', 'slo_success_rate']) {
    expect(await http(`SELECT count() FROM keyledger.${name}`, 'sre')).toEqual({ status: 200, text: '0\n' });
  }
  expect((await http('SELECT * FROM keyledger.slo_latency', 'sre')).status).toBe(200);
  expect((await http('SELECT * FROM keyledger.slo_throttles', 'sre')).status).toBe(200);
});

test('sre may shorten a query, and change nothing else', async () => {
  expect((await http('SELECT 1', 'sre', 'max_execution_time=5')).status).toBe(200);
  expect((await http('SELECT 1', 'sre', 'max_memory_usage=1')).text).toContain('READONLY');
});

test.each([
  "INSERT INTO keyledger.server_life VALUES ('00000000-0000-0000-0000-000000000000')",
  'TRUNCATE TABLE keyledger.key_events',
  'DROP TABLE keyledger.key_events',
  'ALTER TABLE keyledger.key_events DELETE WHERE 1',
  'CREATE TABLE keyledger.mine (a UInt8) ENGINE = Memory',
  'CREATE USER mallory',
  'SYSTEM STOP LISTEN HTTP',
])('sre may not write: %s', async (sql) => {
  const answer = await http(sql, 'sre');
  expect(answer.status).not.toBe(200);
  expect(answer.text).toMatch(/ACCESS_DENIED|READONLY/);
});

test.each([
  'SELECT * FROM system.users',
  'SELECT * FROM system.processes',
  'SELECT * FROM system.server_settings',
  'SELECT * FROM system.user_directories',
  'SELECT * FROM system.disks',
  "SELECT * FROM file('users.json', 'LineAsString')",
  "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
  "SELECT * FROM remote('127.0.0.1', system.one)",
])('sre sees nothing beside the data: %s', async (sql) => {
  const answer = await http(sql, 'sre');
  expect(answer.status).not.toBe(200);
  expect(answer.text).toContain('ACCESS_DENIED');
});

test('the writer reaches neither files nor the network nor other users', async () => {
  for (const sql of [
    "SELECT * FROM file('users.json', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "CREATE TABLE keyledger.f (a String) ENGINE = File('LineAsString')",
    'CREATE USER mallory',
    'CREATE DATABASE other',
  ]) {
    expect((await http(sql, 'keyledger')).text, sql).toContain('ACCESS_DENIED');
  }
});

test('the directory is private and no password stands in the configuration', async () => {
  expect((await stat(mortal.dir)).mode & 0o777).toBe(0o700);
  const { users } = mortal.server();
  for (const name of ['users.json', 'users.xml', 'config.xml']) {
    expect((await stat(join(mortal.dir, name))).mode & 0o777, name).toBe(0o600);
  }
  const xml = await readFile(join(mortal.dir, 'users.xml'), 'utf8');
  for (const { password } of [users.keyledger, users.sre]) expect(xml).not.toContain(password);
});

test('the passwords can be read where the server keeps them, and nowhere else are any made up', async () => {
  expect(await readEmbeddedUsers(mortal.dir)).toEqual(mortal.server().users);
  expect(await readEmbeddedUsers(join(mortal.dir, 'server'))).toBeUndefined();
});

test('a restart keeps data and passwords', async () => {
  const { users } = mortal.server();
  await mortal.client().command("INSERT INTO key_state (seq, arn) VALUES (1, 'kept')");
  await mortal.kill();
  await mortal.start();
  expect(mortal.server().users).toEqual(users);
  const rows = await mortal.client().query(z.object({ arn: z.string() }), 'SELECT arn FROM key_state');
  expect(rows).toEqual([{ arn: 'kept' }]);
});

test('a second server on the same directory is refused, and the first goes on', async () => {
  await expect(startEmbeddedClickHouse({ dir: mortal.dir, ...START })).rejects.toMatchObject({
    code: 'DATA_DIRECTORY_IN_USE',
  });
  expect((await http('SELECT 1', 'keyledger')).text).toBe('1\n');
});

test('a port that is taken is said by number', async () => {
  const squatter = createServer();
  await once(squatter.listen(0, '127.0.0.1'), 'listening');
  const { port } = squatter.address() as AddressInfo;
  const dir = await mkdtemp(join(tmpdir(), 'keyledger-clickhouse-'));
  await expect(startEmbeddedClickHouse({ dir, port, log: silentLog })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining(String(port)) as string,
  });
  squatter.close();
  await rm(dir, { recursive: true });
});

test('a directory that cannot be made is said so', async () => {
  await expect(
    startEmbeddedClickHouse({ dir: join(mortal.dir, 'users.json', 'below'), ...START }),
  ).rejects.toMatchObject({
    code: 'DATA_DIRECTORY_UNUSABLE',
  });
});

test('a damaged password file is not overwritten', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'keyledger-clickhouse-'));
  await writeFile(join(dir, 'users.json'), '{"keyledger":');
  await expect(startEmbeddedClickHouse({ dir, ...START })).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  expect(await readFile(join(dir, 'users.json'), 'utf8')).toBe('{"keyledger":');
  await rm(dir, { recursive: true });
});

test('closing ends the process, and closing twice is closing once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'keyledger-clickhouse-'));
  const server = await startEmbeddedClickHouse({ dir, ...START });
  const exit = new Promise((done) => server.onExit(done));
  await server.close();
  await server.close();
  expect(await exit).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await alive(server.url)).toBe(false);
  await rm(dir, { recursive: true });
});

test('when its parent is killed the server ends too, and another takes over port and data at once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'keyledger-clickhouse-'));
  const door = fileURLToPath(new URL('../../../src/analytics/index.ts', import.meta.url));
  const script = `import { startEmbeddedClickHouse } from ${JSON.stringify(door)};
    const log = { info() {}, warn() {}, error() {} };
    const { url, pid } = await startEmbeddedClickHouse({ dir: ${JSON.stringify(dir)}, port: 0, log });
    console.log(url); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const successor = await startEmbeddedClickHouse({ dir, port: Number(new URL(url).port), log: silentLog });
  const client = openClickHouse({ url, user: 'keyledger', password: successor.users.keyledger.password });
  await migrate(client);
  await client.close();
  await successor.close();
  await eventually('the port is free', async () => !(await alive(url)));
  await rm(dir, { recursive: true });
});

test('without the optional packages one sentence says what to do', async () => {
  const root = await mkdtemp(join(tmpdir(), 'keyledger-without-'));
  const repository = fileURLToPath(new URL('../../../', import.meta.url));
  for (const part of ['base', 'analytics/embedded', 'analytics/database.ts']) {
    await cp(join(repository, 'src', part), join(root, 'src', part), { recursive: true });
  }
  await mkdir(join(root, 'node_modules'));
  await symlink(join(repository, 'node_modules/zod'), join(root, 'node_modules/zod'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  const script = `import { startEmbeddedClickHouse } from './src/analytics/embedded/start.ts';
    const log = { info() {}, warn() {}, error() {} };
    await startEmbeddedClickHouse({ dir: 'data', port: 0, log }).catch((error) => console.log(error.code));`;
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [code] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  expect(code).toBe('EMBEDDED_CLICKHOUSE_MISSING');
  await rm(root, { recursive: true });
});
