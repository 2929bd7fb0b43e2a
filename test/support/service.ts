import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceStatus } from '../../src/console/index.ts';
import { ensureBuilt, ROOT } from './built.ts';
import { eventually } from './eventually.ts';

/** The built product, as `npm start` runs it. */
export const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

const READY_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 30_000;

export type Environment = Readonly<Record<string, string>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the product. It does not outlive this one. */
export interface Launched {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Exit>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const launched = new Set<Launched>();
const directories = new Set<string>();

/** Starts a command line of the product with these settings and no others. */
export function launch(words: readonly string[], environment: Environment, command = process.execPath): Launched {
  const child = spawn(command, command === process.execPath ? [MAIN, ...words] : [...words], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that a test can do to it what a terminal does.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  // Its input closes when this process ends, however it ends; then the group ends too.
  const guard = spawn('sh', ['-c', `cat >/dev/null; kill -9 -${String(pid)}`], { stdio: ['pipe', 'ignore', 'ignore'] });
  guard.unref();
  const one: Launched = {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    ended: once(child, 'close').then((args) => {
      guard.kill('SIGKILL');
      launched.delete(one);
      const [code, signal] = args as [number | null, NodeJS.Signals | null];
      return { code, signal, stdout, stderr };
    }),
  };
  launched.add(one);
  return one;
}

/** Runs a command line to its end. */
export async function run(words: readonly string[], environment: Environment, withinMs = 60_000): Promise<Exit> {
  await ensureBuilt();
  const one = launch(words, environment);
  const late = setTimeout(() => one.kill('SIGKILL'), withinMs);
  const exit = await one.ended;
  clearTimeout(late);
  return exit;
}

export interface ServiceOptions {
  /** A fresh directory unless given. */
  readonly data?: string;
  readonly environment?: Environment;
  readonly roles?: string;
}

/** A running service with ports and data of its own. */
export interface Service {
  readonly data: string;
  readonly process: Launched;
  /** What other commands need to find it. */
  readonly environment: Environment;
  readonly console: string;
  readonly api: string;
  status(): Promise<ServiceStatus>;
  /** Runs a command line beside it. */
  cli(...words: string[]): Promise<Exit>;
  /** Signals it and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** Starts it anew on the same data and ports, with these settings changed. */
  again(environment?: Environment): Promise<Service>;
}

/** Settings of a service with free ports, on a fresh directory unless one is given. */
export async function settingsFor({ data, environment }: ServiceOptions = {}): Promise<Environment> {
  return {
    KEYLEDGER_DATA: data ?? join(await freshDirectory(), 'data'),
    KEYLEDGER_API_PORT: String(await freePort()),
    KEYLEDGER_CONSOLE_PORT: String(await freePort()),
    KEYLEDGER_CLICKHOUSE_PORT: String(await freePort()),
    ...environment,
  };
}

/** Starts a service and resolves when it says that it is ready. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  await ensureBuilt();
  return startWith(await settingsFor(options), options.roles);
}

async function startWith(environment: Environment, roles: string | undefined): Promise<Service> {
  const one = launch(['serve', ...(roles === undefined ? [] : ['--roles', roles])], environment);
  let exit: Exit | undefined;
  void one.ended.then((ended) => (exit = ended));
  await eventually(
    'the service is ready',
    () => {
      if (exit !== undefined) throw new Error(`serve ended with ${String(exit.code)}: ${exit.stderr}`);
      return one.stdout().includes('is ready');
    },
    READY_WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${one.stderr()}`, { cause: error });
  });
  const console = `http://127.0.0.1:${environment['KEYLEDGER_CONSOLE_PORT'] ?? ''}`;
  return {
    data: environment['KEYLEDGER_DATA'] ?? '',
    process: one,
    environment,
    console,
    api: `http://127.0.0.1:${environment['KEYLEDGER_API_PORT'] ?? ''}`,
    status: async () => (await (await fetch(`${console}/api/status`)).json()) as ServiceStatus,
    cli: (...words) => run(words, environment),
    stop: async (signal = 'SIGTERM') => {
      one.kill(signal);
      const late = setTimeout(() => one.kill('SIGKILL'), ENDS_WITHIN_MS);
      const ended = await one.ended;
      clearTimeout(late);
      return ended;
    },
    again: (changed = {}) => startWith({ ...environment, ...changed }, roles),
  };
}

export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keyledger-e2e-'));
  directories.add(directory);
  return directory;
}

/** For `afterAll`: ends what a failed test has left running, and removes the data. */
export async function endServices(): Promise<void> {
  await Promise.all(
    [...launched].map(async (one) => {
      one.kill('SIGTERM');
      const late = setTimeout(() => one.kill('SIGKILL'), ENDS_WITHIN_MS);
      await one.ended;
      clearTimeout(late);
    }),
  );
  for (const directory of directories) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  directories.clear();
}

// Below the ports that systems hand out for outgoing connections, so that a service finds its own free when it comes back.
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 31_000;
const taken = new Set<number>();

/** A port that is free, and that nobody else here is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (taken.has(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((done) => {
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (!free) continue;
    taken.add(port);
    return port;
  }
}

/** Pids of all processes that know the directory by their environment or command line; nothing where there is no /proc. */
export function processesOn(directory: string): number[] {
  return numbersIn('/proc').filter((pid) => {
    if (pid === process.pid) return false;
    try {
      const about = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'));
      return about.some((text) => text.includes(directory));
    } catch {
      return false;
    }
  });
}

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
