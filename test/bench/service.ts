import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { seedFile } from './load/company.ts';

const Status = z.object({
  ready: z.boolean(),
  processes: z.record(z.string(), z.object({ pid: z.number().optional() })),
  endpoints: z.record(z.string(), z.string()),
});

const READY_WITHIN_MS = 60_000;

/** A Keyledger under measurement, in processes of its own. */
export interface Service {
  /** Root of its process tree. */
  readonly pid: number;
  readonly apiPort: number;
  readonly processes: Readonly<Record<string, number>>;
  readonly endpoints: Readonly<Record<string, string>>;
  /** Milliseconds from its start until it said that everything is ready. */
  readonly readyAfterMs: number;
  readonly data: string;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Directory with `cli/main.js`. */
  readonly build: string;
  readonly data: string;
  /** All of them where nothing is said. */
  readonly roles?: readonly string[];
  readonly apiPort?: number;
}

/** A directory for one run, with the seed file in it; `remove` takes all of it away. */
export function makeWorkspace(parent: string | undefined): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(parent ?? tmpdir(), 'keyledger-bench-'));
  writeFileSync(join(path, 'seed.yaml'), seedFile(), { mode: 0o600 });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What the service is told by its environment: nothing of ours but the path to programs. */
export function environmentOf(data: string, ports: { readonly api: number; readonly console: number }) {
  return {
    PATH: process.env['PATH'] ?? '',
    TZ: 'UTC',
    KEYLEDGER_DATA: join(data, 'data'),
    KEYLEDGER_SEED: join(data, 'seed.yaml'),
    KEYLEDGER_API_PORT: String(ports.api),
    KEYLEDGER_CONSOLE_PORT: String(ports.console),
    KEYLEDGER_CLICKHOUSE_PORT: '0',
    KEYLEDGER_LOG_LEVEL: 'error',
  };
}

/** Starts `keyledger serve` on a workspace and waits until it is ready. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const roles = options.roles === undefined ? [] : ['--roles', options.roles.join(',')];
  const ports = { api: options.apiPort ?? (await freePort()), console: await freePort() };
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(options.build, 'cli', 'main.js'), 'serve', '--json', ...roles], {
    env: environmentOf(options.data, ports),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const status = await new Promise<z.infer<typeof Status>>((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error('The service was not ready in time')), READY_WITHIN_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const parsed = parse(said);
      if (parsed === undefined) return;
      clearTimeout(late);
      resolve(parsed);
    });
    void exited.then(() => {
      clearTimeout(late);
      reject(new Error(`The service ended at its start${said === '' ? '' : `: ${said}`}`));
    });
  }).catch((error: unknown) => {
    child.kill();
    throw error;
  });
  const api = status.endpoints['api'];
  if (child.pid === undefined || api === undefined) throw new Error('The service has no API');
  const pids = Object.entries(status.processes).flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid]]));
  return {
    pid: child.pid,
    apiPort: Number(new URL(api).port),
    processes: { supervisor: child.pid, ...(Object.fromEntries(pids) as Record<string, number>) },
    endpoints: status.endpoints,
    readyAfterMs: performance.now() - startedMs,
    data: join(options.data, 'data'),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function parse(text: string): z.infer<typeof Status> | undefined {
  try {
    return Status.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
