import { expect } from 'vitest';
import type { KeyEvent } from '../../../src/events/index.ts';
import type { Service } from '../../support/service.ts';
import type { Load } from './load.ts';
import { all, journalOf, settledTally } from './readers.ts';

/**
 * What must hold when a load has ended, whatever was done to the service meanwhile: each answer has exactly one event, with its
 * request id and under the number its header gave; numbers have no gap; and the ledger, ClickHouse and its rollup hold each event once.
 *
 * @returns the number of events
 */
export async function expectEverythingAccountedFor(service: Service, load: Load): Promise<number> {
  const events = await journalOf(service.data);
  expect(events.findIndex(({ seq }, at) => seq !== at + 1)).toBe(-1);
  const byRequest = new Map<string, KeyEvent[]>();
  for (const event of events) {
    const same = byRequest.get(event.trace.requestId) ?? [];
    byRequest.set(event.trace.requestId, [...same, event]);
  }
  const wrong = load.answered.filter(({ requestId, seq, status }) => {
    const [event, ...more] = byRequest.get(requestId) ?? [];
    return (
      event === undefined || more.length > 0 || event.seq !== seq || (event.outcome === 'success') !== (status === 200)
    );
  });
  expect(wrong).toEqual([]);
  expect(new Set(load.answered.map(({ seq }) => seq)).size).toBe(load.answered.length);
  // A refusal is part of the load, an internal failure is not.
  expect(load.answered.filter(({ status }) => status >= 500)).toEqual([]);
  // What was not answered may have happened, once, or not at all; nothing else has.
  const { length } = load.answered;
  expect(events.length).toBeGreaterThanOrEqual(length);
  expect(await settledTally(service)).toEqual(all(events.length));
  return events.length;
}
