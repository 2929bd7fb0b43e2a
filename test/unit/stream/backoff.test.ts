import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, sleep } from '../../../src/stream/index.ts';

test('a pause is never longer than doubling allows, nor than ten seconds', () => {
  fc.assert(
    fc.property(fc.nat(10_000), (attempt) => {
      const ms = backoffMs(attempt);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(Math.min(10_000, 100 * 2 ** attempt));
    }),
  );
});

test('a sleep ends at once when it is no longer wanted', async () => {
  const wake = new AbortController();
  const slept = sleep(60_000, wake.signal);
  wake.abort();
  await slept;
  await sleep(60_000, wake.signal);
});
