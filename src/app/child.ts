import { OperationalError, messageOf, type Log } from '../base/index.ts';
import { startApiProcess } from './api-process.ts';
import type { Config } from './config.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { openLog } from './log.ts';
import { startPipelineProcess } from './pipeline-process.ts';
import type { ChildName, Order, Report } from './protocol.ts';

interface Running {
  readonly port?: number;
  readonly metrics: () => Promise<unknown>;
  readonly status: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

const DRAIN_MS = 8_000;

const report = (message: Report): void => void process.send?.(message);

async function start(name: ChildName, config: Config, log: Log): Promise<Running> {
  if (name === 'pipeline') {
    const pipeline = await startPipelineProcess(config, log);
    return { metrics: () => pipeline.metrics(), status: () => pipeline.status(), close: () => pipeline.close() };
  }
  const api = await startApiProcess(config, log, (error) => {
    report({ type: 'fatal', code: error.code, message: error.message });
    // What is in flight is answered with KMSInternalException first; then nobody is answered by this process again.
    setTimeout(() => process.exit(EXIT.fenced), 100);
  });
  return {
    port: api.port,
    metrics: () => api.metrics.snapshot(),
    status: () => Promise.resolve(api.status()),
    close: () => api.close(),
  };
}

/** Runs one role process under the supervisor. It lives no longer than the supervisor does. */
export function runChild(name: ChildName): void {
  let log: Log | undefined;
  let running: Running | undefined;
  let stopping = false;

  const die = (error: unknown): void => {
    const code = error instanceof OperationalError ? error.code : undefined;
    log?.error('process-failed', {
      reason: error instanceof Error && code === undefined ? error.stack : messageOf(error),
    });
    if (code !== undefined) report({ type: 'fatal', code, message: messageOf(error) });
    process.exit(code === undefined ? EXIT.failure : exitCodeOf(code));
  };

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(EXIT.failure), DRAIN_MS).unref();
    (running?.close() ?? Promise.resolve()).then(() => process.exit(EXIT.ok), die);
  };

  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  // The supervisor decides: a Ctrl-C reaches the whole process group. Listening for SIGUSR1 keeps Node from opening its inspector.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined);
  process.on('disconnect', stop);
  process.on('message', (order: Order) => {
    switch (order.type) {
      case 'start': {
        const config = order.config as Config;
        log = openLog(name, config.logLevel);
        start(name, config, log).then((started) => {
          running = started;
          if (stopping) stop();
          report({ type: 'ready', ...(started.port === undefined ? {} : { port: started.port }) });
        }, die);
        return;
      }
      case 'ask': {
        const answer =
          running === undefined
            ? Promise.resolve(null)
            : order.what === 'metrics'
              ? running.metrics()
              : running.status();
        answer.then(
          (value) => report({ type: 'answer', id: order.id, value }),
          () => report({ type: 'answer', id: order.id, value: null }),
        );
        return;
      }
      case 'stop':
        stop();
    }
  });
  report({ type: 'awake' });
}
