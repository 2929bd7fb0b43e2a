import { expect, test } from 'vitest';
import { ReplayCache, WINDOW_MS } from '../../../../src/kms/api/index.ts';

const use = (signature: string, signedAtMs: number, accessKeyId = 'AKIDEXAMPLE') => ({
  accessKeyId,
  signature,
  signedAtMs,
});

test('a signature is new once', () => {
  const cache = new ReplayCache();
  expect(cache.firstUse(use('s1', 0), 0)).toBe(true);
  expect(cache.firstUse(use('s1', 0), 1)).toBe(false);
  expect(cache.firstUse(use('s2', 0), 1)).toBe(true);
  expect(cache.firstUse(use('s1', 0, 'AKIDANOTHER'), 1)).toBe(true);
});

test('it is remembered for as long as it would verify, and no longer', () => {
  const cache = new ReplayCache();
  const early = use('from a clock five minutes ahead', WINDOW_MS);
  expect(cache.firstUse(early, 0)).toBe(true);
  expect(cache.firstUse(early, 2 * WINDOW_MS)).toBe(false);
  expect(cache.firstUse(use('later', 2 * WINDOW_MS), 2 * WINDOW_MS + 1)).toBe(true);
  expect(cache.size).toBe(1);
});

test('it is bounded, and the oldest is forgotten first', () => {
  const cache = new ReplayCache(3);
  for (const signature of ['a', 'b', 'c', 'd']) expect(cache.firstUse(use(signature, 0), 0)).toBe(true);
  expect(cache.size).toBe(3);
  expect(cache.firstUse(use('d', 0), 0)).toBe(false);
});
