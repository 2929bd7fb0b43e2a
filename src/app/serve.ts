import { accessSync, constants } from 'node:fs';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { OperationalError, messageOf, type Log } from '../base/index.ts';
import { consoleRoutes, startHttp, type HttpServer, type ProcessStatus, type ServiceStatus } from '../console/index.ts';
import { ledgerHandler } from '../ledger/index.ts';
import { keepClickHouse, type ClickHouseProcess } from './clickhouse-process.ts';
import type { Config, Role } from './config.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { claimInstance } from './instance.ts';
import { openLog } from './log.ts';
import { processRegistry } from './metrics.ts';
import { panel } from './panel.ts';
import { ApiStatus, PipelineStatus } from './protocol.ts';
import { RoleProcess } from './role-process.ts';
import { prepareDirectory } from './vault.ts';
import { VERSION } from './version.ts';

const READERS: readonly Role[] = ['ledger', 'relay', 'projections', 'analytics', 'detect', 'drift', 'alerts'];

export interface ServeOptions {
  /** Where the panel goes when everything is ready; standard output unless told otherwise. */
  readonly print?: (text: string) => void;
  /** Ends the service; process signals do it from outside. */
  readonly signal?: AbortSignal;
}

/**
 * Runs Keyledger until it is told to stop: the API, its readers and the embedded ClickHouse as children of this process, which does
 * nothing itself but watch them and serve the console.
 *
 * @returns the exit code.
 * @throws OperationalError when it cannot start.
 */
export async function serve(
  config: Config,
  { print = (text) => void process.stdout.write(text), signal }: ServeOptions = {},
): Promise<number> {
  const log = openLog('supervisor', config.logLevel);
  prepareDirectory(config.paths.root);
  requireWritable(config.paths.root);
  const release = claimInstance(config.paths.instance, config.paths.root);
  const parts: Parts = { apiPort: config.apiPort };
  const ending = new AbortController();
  let starting: Promise<void> | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      listenForStop(signal, () => resolve(EXIT.ok));
      starting = start(config, log, parts, ending.signal, reject).then((status) => {
        if (status !== undefined) print(panel(config, status));
      });
      starting.catch(reject);
    });
  } catch (error) {
    // Fenced: the children are stopped all the same, so that nothing is left running.
    if (error instanceof OperationalError && error.code === 'JOURNAL_FENCED') {
      log.error('fenced', { reason: error.message });
      return exitCodeOf(error.code);
    }
    throw error;
  } finally {
    // What is just being started can be stopped only once it is there.
    ending.abort();
    await starting?.catch(() => undefined);
    await stopParts(parts, log);
    release();
  }
}

function requireWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OperationalError(
      'DATA_DIRECTORY_UNUSABLE',
      `The data directory ${path} cannot be written; give the service user access to it, or set KEYLEDGER_DATA.`,
      { cause },
    );
  }
}

function listenForStop(signal: AbortSignal | undefined, stop: () => void): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  // Listening keeps Node from opening its inspector on SIGUSR1.
  process.on('SIGUSR1', () => undefined);
  signal?.addEventListener('abort', stop, { once: true });
}

/** What runs, as far as it has been started. */
interface Parts {
  apiPort: number;
  console?: HttpServer;
  api?: RoleProcess;
  pipeline?: RoleProcess;
  clickHouse?: ClickHouseProcess;
}

/** The door first, then its readers, then what they write to. */
async function stopParts({ api, pipeline, clickHouse, console }: Parts, log: Log): Promise<void> {
  const stops = [() => api?.stop(), () => pipeline?.stop(), () => clickHouse?.close(), () => console?.close()];
  for (const stop of stops) {
    try {
      await stop();
    } catch (error) {
      // One that cannot end well is no reason to leave the others running.
      log.error('stop-failed', { reason: messageOf(error) });
    }
  }
}

/** Starts everything and returns the status of it; undefined when told to end before. What it has started is in `parts`. */
async function start(
  config: Config,
  log: Log,
  parts: Parts,
  ending: AbortSignal,
  fail: (error: OperationalError) => void,
): Promise<ServiceStatus | undefined> {
  const has = (role: Role): boolean => config.roles.includes(role);
  const status = (): Promise<ServiceStatus> => statusOf(config, parts);
  const ledger = has('ledger') ? ledgerHandler({ dir: config.paths.ledger, prefix: '/ledger/' }) : undefined;
  parts.console = await startHttp({
    host: config.host,
    port: config.consolePort,
    setting: 'KEYLEDGER_CONSOLE_PORT',
    log,
    handle: consoleRoutes({ status, metrics: () => metricsOf(parts), ledger }),
  });
  if (ending.aborted) return undefined;

  const embedded = has('analytics') && config.clickHouse === undefined;
  const clickHouse = embedded
    ? keepClickHouse({ dir: config.paths.clickHouse, port: config.clickHousePort, log })
    : undefined;
  // Told at once where it is awaited below; until then a failure of it must not count as unhandled.
  clickHouse?.catch(() => undefined);
  if (has('api')) parts.api = new RoleProcess('api', () => ({ ...config, apiPort: parts.apiPort }), log, fail);
  const apiReady = parts.api?.start();
  if (clickHouse !== undefined) parts.clickHouse = await clickHouse;
  if (apiReady !== undefined) parts.apiPort = (await unlessAborted(apiReady, ending)) ?? config.apiPort;
  if (isAborted(ending)) return undefined;
  if (config.roles.some((role) => READERS.includes(role))) {
    const access = parts.clickHouse?.access ?? config.clickHouse;
    parts.pipeline = new RoleProcess('pipeline', () => ({ ...config, clickHouse: access }), log, fail);
    await unlessAborted(parts.pipeline.start(), ending);
  }
  return isAborted(ending) ? undefined : status();
}

/** Asked anew after every wait, which a property read is not believed to be. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** The outcome of the work, or undefined as soon as the signal aborts: a child that is told to stop never becomes ready. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    work.then(resolve, reject);
  });
}

async function statusOf(config: Config, parts: Parts): Promise<ServiceStatus> {
  const [api, pipeline] = await Promise.all([parts.api?.ask('status'), parts.pipeline?.ask('status')]);
  const apiStatus = ApiStatus.safeParse(api);
  const readers = PipelineStatus.safeParse(pipeline);
  const processes: Record<string, ProcessStatus> = {
    ...(parts.api === undefined ? {} : { api: parts.api.status() }),
    ...(parts.pipeline === undefined ? {} : { pipeline: parts.pipeline.status() }),
    ...(parts.clickHouse === undefined ? {} : { clickhouse: parts.clickHouse.status() }),
  };
  const expected =
    (config.roles.includes('api') ? 1 : 0) + (config.roles.some((role) => READERS.includes(role)) ? 1 : 0);
  const started = [parts.api, parts.pipeline].filter((part) => part !== undefined).length;
  const clickHouseUrl = parts.clickHouse?.access.url ?? config.clickHouse?.url;
  return {
    version: VERSION,
    ready:
      readers.data?.ledger?.failure === undefined &&
      started === expected &&
      Object.values(processes).every(({ state }) => state === 'ready'),
    processes,
    ...(apiStatus.success ? { journal: { head: apiStatus.data.head } } : {}),
    ...(readers.data?.ledger === undefined ? {} : { ledger: readers.data.ledger }),
    ...(readers.data?.relay === undefined ? {} : { relay: readers.data.relay }),
    consumers: readers.data?.consumers ?? [],
    endpoints: {
      ...(parts.api === undefined ? {} : { api: `http://${config.host}:${parts.apiPort}` }),
      console: `http://${config.host}:${parts.console?.port ?? config.consolePort}`,
      ...(clickHouseUrl === undefined ? {} : { clickhouse: clickHouseUrl }),
    },
  };
}

const own = processRegistry('supervisor');

/** The metrics of all processes in one text; the label `process` tells them apart. */
async function metricsOf(parts: Parts): Promise<{ text: string; contentType: string }> {
  const asked = await Promise.all([parts.api?.ask('metrics'), parts.pipeline?.ask('metrics')]);
  const snapshots = asked.filter((snapshot) => Array.isArray(snapshot)) as MetricObjectWithValues<
    MetricValue<string>
  >[][];
  const registry = AggregatorRegistry.aggregate([await own.getMetricsAsJSON(), ...snapshots]);
  return { text: await registry.metrics(), contentType: registry.contentType };
}
