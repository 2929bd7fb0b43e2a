import { queryAlerts, type ClickHouse } from '../../analytics/index.ts';
import { OperationalError } from '../../base/index.ts';
import type { Alert } from '../../events/index.ts';
import { readSli, sliTable, type SliRow } from '../sli-table.ts';
import { pause, type Terminal } from '../terminal.ts';
import type { ArnOf, Part } from './policies.ts';

const LOOK_EVERY_MS = 500;

/** Polls ClickHouse for the first alert about a principal; undefined when it does not come in time or nobody waits any more. */
export async function awaitAlert(
  client: ClickHouse,
  {
    principal,
    sinceUs,
    withinMs,
    stopped,
  }: { principal: string; sinceUs: number; withinMs: number; stopped: AbortSignal },
): Promise<Alert | undefined> {
  const deadline = performance.now() + withinMs;
  while (!stopped.aborted && performance.now() < deadline) {
    const found = (await patiently(() => queryAlerts(client, { sinceUs }))).find(
      (alert) => alert.principal === principal,
    );
    if (found !== undefined) return found;
    await pause(LOOK_EVERY_MS, stopped);
  }
  return undefined;
}

/** What ClickHouse has counted so far for the company's people, in the order of `parts`; without those it has not heard of. */
export async function companySli(
  client: ClickHouse,
  sinceUs: number,
  arnOf: ArnOf,
  parts: readonly Part[],
): Promise<readonly SliRow[]> {
  const rows = await patiently(() => readSli(client, 'principal', sinceUs));
  return parts.flatMap((part) =>
    rows.filter(({ name }) => name === arnOf(part)).map((row) => ({ ...row, name: part })),
  );
}

export const companyTable = (terminal: Terminal, rows: readonly SliRow[]): string[] =>
  sliTable(terminal, 'by whom', rows, ['requests', 'success', 'denied', 'p50', 'p99']);

/** A ClickHouse that restarts is back in a moment; until then it has nothing to tell. */
async function patiently<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof OperationalError && error.retryable) return [];
    throw error;
  }
}
