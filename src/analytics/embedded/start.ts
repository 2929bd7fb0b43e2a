import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { messageOf, OperationalError, type Closeable, type Log } from '../../base/index.ts';
import { DATABASE } from '../database.ts';
import { serverConfig, usersConfig } from './config.ts';
import { freePort, HOST } from './port.ts';
import { loadUsers, writePrivate, type ClickHouseUsers } from './users.ts';

const READY_WITHIN_MS = 30_000;
const PROBE_EVERY_MS = 25;
/** How long the server of a parent that was killed may take to notice and to let go of port and data. */
const PREDECESSOR_LEAVES_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;
const REMEMBERED_LINES = 20;

export interface EmbeddedClickHouseOptions {
  /** Belongs to the server alone; made with mode 0700. */
  readonly dir: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
}

export interface ClickHouseExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ClickHouseServer extends Closeable {
  readonly url: string;
  readonly users: ClickHouseUsers;
  readonly pid: number;
  /** Called once when the process has ended, for whatever reason; at once if it already has. */
  onExit(listener: (exit: ClickHouseExit) => void): void;
}

/**
 * Starts ClickHouse in a child process that ends with this one. Resolves when an authenticated query is answered.
 *
 * @throws OperationalError EMBEDDED_CLICKHOUSE_MISSING, PORT_IN_USE, DATA_DIRECTORY_UNUSABLE, DATA_DIRECTORY_IN_USE, or
 * CLICKHOUSE_UNAVAILABLE with the server's own last words.
 */
export async function startEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<ClickHouseServer> {
  requireLibrary();
  const dir = resolve(options.dir);
  const users = await prepareDirectory(dir);
  const deadline = Date.now() + PREDECESSOR_LEAVES_WITHIN_MS;
  for (;;) {
    const port = await freePort(options.port, deadline);
    const started = await tryStart({ dir, port, users, log: options.log });
    if (!(started instanceof OperationalError)) return started;
    if (started.code !== 'DATA_DIRECTORY_IN_USE' || Date.now() > deadline) throw started;
    await sleep(10 * PROBE_EVERY_MS);
  }
}

function requireLibrary(): void {
  const require = createRequire(import.meta.url);
  try {
    require.resolve('ffi-rs');
    const { libchdbPath } = require('chdb/libchdb') as { libchdbPath: () => string };
    libchdbPath();
  } catch (cause) {
    const message = 'The optional packages chdb and ffi-rs are not installed, or have no build for this machine';
    throw new OperationalError('EMBEDDED_CLICKHOUSE_MISSING', message, { cause });
  }
}

async function prepareDirectory(dir: string): Promise<ClickHouseUsers> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    const users = await loadUsers(dir);
    await writePrivate(join(dir, 'users.xml'), usersConfig(users, DATABASE));
    await writePrivate(join(dir, 'config.xml'), serverConfig(join(dir, 'users.xml')));
    return users;
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    throw new OperationalError('DATA_DIRECTORY_UNUSABLE', `${dir}: ${messageOf(cause)}`, { cause });
  }
}

interface Attempt {
  readonly dir: string;
  readonly port: number;
  readonly users: ClickHouseUsers;
  readonly log: Log;
}

async function tryStart({ dir, port, users, log }: Attempt): Promise<ClickHouseServer | OperationalError> {
  const child = launch(dir, port);
  const words = listen(child, log);
  const exited = new Promise<ClickHouseExit>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }));
    child.once('error', () => done({ code: null, signal: null }));
  });
  const url = `http://${HOST}:${String(port)}`;
  const outcome = await Promise.race([exited.then(() => 'exited' as const), answers(url, users.keyledger.password)]);
  if (outcome !== 'ready' || child.pid === undefined) {
    child.kill('SIGKILL');
    const said = words.join(' ');
    if (/Cannot lock file|Another server instance/.test(said)) {
      return new OperationalError('DATA_DIRECTORY_IN_USE', `Another ClickHouse uses ${dir}`);
    }
    return new OperationalError(
      'CLICKHOUSE_UNAVAILABLE',
      `The embedded ClickHouse did not start: ${said.slice(0, 500)}`,
    );
  }
  log.info('clickhouse-started', { url, pid: child.pid });
  return {
    url,
    users,
    pid: child.pid,
    onExit: (listener) => void exited.then(listener),
    close: async () => {
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), CLOSE_WITHIN_MS);
      await exited;
      clearTimeout(late);
    },
  };
}

function launch(dir: string, port: number): ChildProcess {
  const entry = fileURLToPath(import.meta.url).endsWith('.ts') ? 'server.ts' : 'server.js';
  // From sources the child needs the same loader; a built one is plain JavaScript.
  const loader = entry.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  const script = fileURLToPath(new URL(entry, import.meta.url));
  return spawn(process.execPath, [...loader, script, join(dir, 'config.xml'), join(dir, 'server'), String(port)], {
    cwd: dir,
    // A session of its own, so that Ctrl-C reaches us only; and an empty environment, so that it inherits no secret.
    detached: true,
    env: { TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Passes on what the server says, and remembers the last lines for the error of a failed start. */
function listen(child: ChildProcess, log: Log): readonly string[] {
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return;
      if (words.push(line) > REMEMBERED_LINES) words.shift();
      log.warn('clickhouse-said', { line: line.slice(0, 1000) });
    });
  }
  child.stdin?.on('error', () => undefined);
  return words;
}

async function answers(url: string, password: string): Promise<'ready' | 'silent'> {
  const headers = { 'x-clickhouse-user': 'keyledger', 'x-clickhouse-key': password };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(`${url}/?query=SELECT+1`, { headers, signal: AbortSignal.timeout(2_000) });
      if ((await answer.text()).trim() === '1' && answer.ok) return 'ready';
    } catch {
      // Not yet: the listener opens when the library has loaded.
    }
    await sleep(PROBE_EVERY_MS);
  }
  return 'silent';
}
