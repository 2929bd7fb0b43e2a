import { systemClock, type Closeable, type Log, type OperationalError } from '../base/index.ts';
import { startApiServer } from '../kms/api/index.ts';
import { AWS_QUOTAS, KeyService, PROTECTIVE_QUOTAS, Throttle, startDueWork } from '../kms/index.ts';
import type { Config } from './config.ts';
import { apiMetrics, type Metrics } from './metrics.ts';
import type { ApiStatus } from './protocol.ts';
import { seed } from './seed.ts';
import { ensureFirstCredentials, openVault } from './vault.ts';

const DUE_WORK_INTERVAL_MS = 5_000;

export interface ApiProcess extends Closeable {
  readonly port: number;
  readonly metrics: Metrics;
  status(): ApiStatus;
}

/** The front door: the only process that answers KMS calls, and it does nothing else. */
export async function startApiProcess(
  config: Config,
  log: Log,
  onFence: (error: OperationalError) => void,
): Promise<ApiProcess> {
  const clock = systemClock;
  const { paths, account } = config;
  const vault = await openVault({ paths, account, clock, log, onFence });
  await ensureFirstCredentials(vault, paths, account);
  const { journal, keyring, keyStore } = vault;
  const throttle = new Throttle(config.quotas === 'aws' ? AWS_QUOTAS : PROTECTIVE_QUOTAS);
  const service = new KeyService({ journal, keyring, keyStore, throttle, clock, log });
  if (config.seedFile !== undefined) await seed({ file: config.seedFile, vault, service, clock, log, account });
  const dueWork = startDueWork({ journal, keyStore, clock, log, intervalMs: DUE_WORK_INTERVAL_MS });
  const metrics = apiMetrics(journal);
  const server = await startApiServer({
    host: config.host,
    port: config.apiPort,
    log,
    handle: async (request) => {
      const response = await service.handle(request);
      metrics.observe(request.operation ?? 'Unknown', response.errorType, clock.monotonicUs() - request.startUs);
      return response;
    },
  });
  return {
    port: server.port,
    metrics,
    status: () => ({ head: journal.head(), queue: journal.queueLength }),
    close: async () => {
      await server.drain();
      await dueWork.close();
      await journal.close();
    },
  };
}
