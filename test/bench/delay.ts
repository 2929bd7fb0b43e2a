import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openClickHouse, type ClickHouse } from '../../src/analytics/index.ts';
import { startLoad } from './load/load.ts';
import type { BenchOptions } from './options.ts';
import { makeWorkspace, startService } from './service.ts';

export interface DelayFigures {
  readonly ratePerSecond: number;
  readonly events: number;
  /** Answers whose row was not there within the time given. */
  readonly missing: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const LEAST_SECONDS = 30;
const POLL_MS = 50;
const GIVE_UP_AFTER_MS = 30_000;
const CLIENTS = 16;

/**
 * From the moment the caller has its answer to the moment a query of the read-only user finds the row, which is an upper
 * bound: it contains the time between two such queries and the query itself.
 */
export async function measureDelay(options: BenchOptions, build: string): Promise<DelayFigures> {
  const workspace = makeWorkspace(options.dir);
  try {
    const service = await startService({ build, data: workspace.path });
    try {
      const clickHouse = openReadOnly(service.endpoints['clickhouse'] ?? '', service.data);
      const watching = watch(clickHouse);
      const load = await startLoad(service.apiPort, service.pid);
      const { answers } = await load.run({
        operation: 'Decrypt',
        clients: CLIENTS,
        warmMs: 2_000,
        measureMs: (options.quick ? options.seconds : Math.max(LEAST_SECONDS, options.seconds)) * 1_000,
        signEach: false,
        rate: options.rate,
        trace: true,
      });
      load.close();
      const seenAt = await watching.until(answers.map(([seq]) => seq));
      await clickHouse.close();
      const delays = answers
        .map(([seq, atMs]) => (seenAt.get(seq) ?? Infinity) - atMs)
        .filter(Number.isFinite)
        .map((ms) => Math.max(0, ms))
        .sort((a, b) => a - b);
      const at = (q: number): number => delays[Math.min(delays.length - 1, Math.floor(q * delays.length))] ?? 0;
      return {
        ratePerSecond: options.rate,
        events: answers.length,
        missing: answers.length - delays.length,
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        maxMs: at(1),
      };
    } finally {
      await service.stop();
    }
  } finally {
    workspace.remove();
  }
}

export function openReadOnly(url: string, data: string): ClickHouse {
  const users = JSON.parse(readFileSync(`${data}/clickhouse/users.json`, 'utf8')) as { sre: { password: string } };
  return openClickHouse({ url, user: 'sre', password: users.sre.password });
}

const Row = z.object({ seq: z.coerce.number() });

/** Asks again and again which rows are new, and notes when each was first seen. */
function watch(clickHouse: ClickHouse): { until(wanted: readonly number[]): Promise<ReadonlyMap<number, number>> } {
  const seenAt = new Map<number, number>();
  let highest = 0;
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const rows = await clickHouse.query(Row, 'SELECT seq FROM key_events WHERE seq > {highest:UInt64}', { highest });
      const now = performance.timeOrigin + performance.now();
      for (const { seq } of rows) {
        seenAt.set(seq, now);
        highest = Math.max(highest, seq);
      }
      await sleep(POLL_MS);
    }
  })();
  return {
    until: async (wanted) => {
      const deadline = performance.now() + GIVE_UP_AFTER_MS;
      while (performance.now() < deadline && wanted.some((seq) => !seenAt.has(seq))) await sleep(POLL_MS);
      stopped = true;
      await running;
      return seenAt;
    },
  };
}
