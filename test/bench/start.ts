import { setTimeout as sleep } from 'node:timers/promises';
import { call, keyOf } from './load/requests.ts';
import { ALIASES, contextOf } from './load/company.ts';
import type { BenchOptions } from './options.ts';
import { freePort, makeWorkspace, startService } from './service.ts';

export interface StartRow {
  readonly roles: 'api' | 'all';
  readonly data: 'new' | 'existing';
  /** From the start of the process to the first answered Encrypt. */
  readonly firstAnswerMs: number;
  /** To everything being ready. */
  readonly readyMs: number;
}

const POLL_MS = 5;

/** How long a person or an orchestrator waits: on an empty data directory, keys and principals of the seed file included, and again. */
export async function measureStart(options: BenchOptions, build: string): Promise<readonly StartRow[]> {
  const rows: StartRow[] = [];
  for (const roles of ['api', 'all'] as const) {
    const workspace = makeWorkspace(options.dir);
    try {
      for (const data of ['new', 'existing'] as const) {
        const apiPort = await freePort();
        const startedMs = performance.now();
        const answered = firstAnswer(apiPort).then(() => performance.now() - startedMs);
        const service = await startService({
          build,
          data: workspace.path,
          apiPort,
          ...(roles === 'api' ? { roles: ['api'] } : {}),
        });
        rows.push({ roles, data, firstAnswerMs: await answered, readyMs: service.readyAfterMs });
        await service.stop();
      }
    } finally {
      workspace.remove();
    }
  }
  return rows;
}

async function firstAnswer(port: number): Promise<void> {
  const last = ALIASES.length - 1;
  const body = JSON.stringify({
    KeyId: ALIASES[last],
    Plaintext: Buffer.from('start').toString('base64'),
    EncryptionContext: contextOf(last),
  });
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await call(port, 'Encrypt', body, keyOf(last));
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}
