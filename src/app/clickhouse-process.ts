import { startEmbeddedClickHouse, type ClickHouseServer } from '../analytics/index.ts';
import { messageOf, OperationalError, type Closeable, type Log } from '../base/index.ts';
import type { ProcessStatus } from '../console/index.ts';
import type { ClickHouseAccess } from './config.ts';

const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 10_000;

/** The embedded ClickHouse, kept running: the same port, data and users whenever it has to be started again. */
export interface ClickHouseProcess extends Closeable {
  readonly access: ClickHouseAccess;
  readonly port: number;
  status(): ProcessStatus;
}

/** @throws OperationalError as startEmbeddedClickHouse does, of the first start only. */
export async function keepClickHouse(options: { dir: string; port: number; log: Log }): Promise<ClickHouseProcess> {
  const { dir, log } = options;
  let server: ClickHouseServer = await startEmbeddedClickHouse(options).catch((error: unknown) => {
    if (!(error instanceof OperationalError) || error.code !== 'PORT_IN_USE') throw error;
    throw new OperationalError(
      'PORT_IN_USE',
      `${error.message}; stop what uses it, or set KEYLEDGER_CLICKHOUSE_PORT.`,
      {
        cause: error,
      },
    );
  });
  const port = Number(new URL(server.url).port);
  let state: ProcessStatus['state'] = 'ready';
  let restarts = 0;
  let stopped = false;

  const watch = (): void => server.onExit((exit) => void revive(exit));
  const revive = async (exit: { code: number | null; signal: string | null }): Promise<void> => {
    for (let attempt = 0; !stopped; attempt += 1) {
      state = 'restarting';
      const waitMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
      log.warn('clickhouse-ended', { ...exit, restartInMs: waitMs });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- close() may have run during the wait
      if (stopped) return;
      try {
        server = await startEmbeddedClickHouse({ dir, port, log });
        restarts += 1;
        state = 'ready';
        watch();
        return;
      } catch (error) {
        log.error('clickhouse-restart-failed', { reason: messageOf(error) });
      }
    }
  };
  watch();
  return {
    access: { url: server.url, user: 'keyledger', password: server.users.keyledger.password },
    port,
    status: () => ({ state, pid: server.pid, restarts }),
    close: async () => {
      stopped = true;
      state = 'stopping';
      await server.close();
    },
  };
}
