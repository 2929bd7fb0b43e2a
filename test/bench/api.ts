import { startLoad, type LoadResult } from './load/load.ts';
import { OPERATIONS, type BenchOperation, type BenchOptions } from './options.ts';
import { memoryOf, type Memory } from './proc.ts';
import { makeWorkspace, startService } from './service.ts';

export interface ApiRow {
  readonly roles: 'api' | 'all';
  readonly operation: BenchOperation;
  readonly clients: number;
  readonly perSecond: number;
  readonly perServerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
  readonly errorSamples: Readonly<Record<string, number>>;
  /** Cores that the load generator took, and that everything else took: a run with much of the latter is not to be trusted. */
  readonly clientCores: number;
  readonly otherCores: number;
}

export interface MemoryRow extends Memory {
  readonly roles: 'api' | 'all';
  readonly process: string;
}

export interface ApiFigures {
  readonly rows: readonly ApiRow[];
  readonly memory: readonly MemoryRow[];
}

type Roles = ApiRow['roles'];

/** The API alone, every operation at every number of clients; then once more at the highest with all readers beside it. */
export async function measureApi(
  options: BenchOptions,
  build: string,
  say: (row: ApiRow) => void,
): Promise<ApiFigures> {
  const most = Math.max(...options.clients);
  const alone = await measureRoles('api', options, build, options.clients, say);
  const together = await measureRoles('all', options, build, [most], say);
  return { rows: [...alone.rows, ...together.rows], memory: [...alone.memory, ...together.memory] };
}

async function measureRoles(
  roles: Roles,
  { dir, seconds, rounds, signEach }: BenchOptions,
  build: string,
  clients: readonly number[],
  say: (row: ApiRow) => void,
): Promise<ApiFigures> {
  const workspace = makeWorkspace(dir);
  try {
    const service = await startService({
      build,
      data: workspace.path,
      ...(roles === 'api' ? { roles: ['api'] } : {}),
    });
    try {
      const load = await startLoad(service.apiPort, service.pid);
      const rows: ApiRow[] = [];
      for (const operation of OPERATIONS) {
        for (const count of clients) {
          const measured: ApiRow[] = [];
          for (let round = 0; round < rounds; round += 1) {
            const order = { operation, clients: count, warmMs: 1_000, measureMs: seconds * 1_000, signEach };
            measured.push(toRow(roles, operation, count, await load.run(order)));
          }
          const row = medianOf(measured);
          rows.push(row);
          say(row);
        }
      }
      load.close();
      const memory = Object.entries(service.processes).map(([name, pid]) => ({
        roles,
        process: name,
        ...memoryOf(pid),
      }));
      return { rows, memory };
    } finally {
      await service.stop();
    }
  } finally {
    workspace.remove();
  }
}

function toRow(roles: Roles, operation: BenchOperation, clients: number, result: LoadResult): ApiRow {
  const { operations, seconds, serverCpuSeconds, p50Ms, p99Ms, maxMs, errors, errorSamples } = result;
  return {
    roles,
    operation,
    clients,
    perSecond: operations / seconds,
    perServerCpuSecond: serverCpuSeconds === 0 ? 0 : operations / serverCpuSeconds,
    p50Ms,
    p99Ms,
    maxMs,
    errors,
    errorSamples,
    clientCores: result.clientCpuSeconds / seconds,
    otherCores: result.otherCpuSeconds / seconds,
  };
}

/** The round in the middle by operations per second: one that happened, not a mixture of several. */
function medianOf(rows: readonly ApiRow[]): ApiRow {
  const sorted = rows.toSorted((a, b) => a.perSecond - b.perSecond);
  return { ...sorted[Math.floor(sorted.length / 2)]!, errors: rows.reduce((sum, { errors }) => sum + errors, 0) };
}
