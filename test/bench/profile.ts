import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../src/app/config.ts';
import { startLoad } from './load/load.ts';
import type { BenchOptions } from './options.ts';
import { attribute, type CpuProfile, type Shares } from './profile-rooms.ts';
import { environmentOf, makeWorkspace } from './service.ts';

export interface ProfileFigures extends Shares {
  readonly operation: string;
  readonly clients: number;
  readonly perSecond: number;
  /** CPU microseconds of the API process per operation, the profiler's own included. */
  readonly cpuUsPerOperation: number;
}

const SAMPLE_EVERY_US = 200;
const EXIT_WITHIN_MS = 30_000;

/** Runs the API process alone under V8's sampling profiler and says where its time goes, start and warm-up left out. */
export async function measureProfile(options: BenchOptions, build: string): Promise<ProfileFigures> {
  const { dir, operation, seconds, signEach } = options;
  const clients = Math.max(...options.clients);
  const workspace = makeWorkspace(dir);
  try {
    const child = fork(join(build, 'app', 'child-main.js'), ['api'], {
      execArgv: ['--cpu-prof', '--cpu-prof-dir', workspace.path, '--cpu-prof-interval', String(SAMPLE_EVERY_US)],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const port = await started(child, environmentOf(workspace.path, { api: 0, console: 0 }));
    const load = await startLoad(port, child.pid ?? 0);
    const measureMs = seconds * 1_000;
    const result = await load.run({ operation, clients, warmMs: 3_000, measureMs, signEach });
    load.close();
    await stopped(child);
    const file = readdirSync(workspace.path).find((name) => name.endsWith('.cpuprofile'));
    if (file === undefined) throw new Error('The API process left no profile');
    const profile = JSON.parse(readFileSync(join(workspace.path, file), 'utf8')) as CpuProfile;
    return {
      operation,
      clients,
      perSecond: result.operations / result.seconds,
      cpuUsPerOperation: (result.serverCpuSeconds * 1e6) / result.operations,
      ...attribute(profile, result.fromUs, result.toUs),
    };
  } finally {
    workspace.remove();
  }
}

/** Speaks to the API process as its supervisor would; resolves with its port. */
function started(child: ChildProcess, environment: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('The API process ended at its start')));
    child.on('message', (report: { readonly type: string; readonly port?: number }) => {
      if (report.type === 'awake') child.send({ type: 'start', config: parseConfig(environment, ['api']) });
      else if (report.type === 'ready' && report.port !== undefined) resolve(report.port);
    });
  });
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    // Writing a long profile takes a while.
    const late = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS);
    child.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    child.send({ type: 'stop' });
  });
}
