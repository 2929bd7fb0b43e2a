import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable } from '../../../src/base/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { runConsumer, type Consumer, type EventLog } from '../../../src/stream/index.ts';

export interface StageRow {
  readonly stage: string;
  /** What was counted: events, rows, leaves. */
  readonly unit: string;
  readonly count: number;
  readonly perSecond: number;
  /** Of the process that ran the stage; without that of ClickHouse or the broker. */
  readonly perCpuSecond: number;
}

/** Runs a stage to its end and says how fast it was. */
export async function timed(
  stage: string,
  unit: string,
  count: number,
  work: () => Promise<void> | void,
): Promise<StageRow> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  return { stage, unit, count, perSecond: count / seconds, perCpuSecond: cpuSeconds === 0 ? 0 : count / cpuSeconds };
}

const POLL_MS = 2;

/** Lets a consumer read `count` messages in the run loop that the service uses. */
export async function drain<T>(log: EventLog, consumer: Consumer<T>, count: number): Promise<void> {
  const running = await runConsumer({ log, consumer, logger: silentLog });
  while (running.counts().messages < count) await sleep(POLL_MS);
  await running.close();
}

/** Opens something, uses it, and closes it whatever happens. */
export async function using<T extends Closeable, R>(opened: T, use: (opened: T) => Promise<R>): Promise<R> {
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}
