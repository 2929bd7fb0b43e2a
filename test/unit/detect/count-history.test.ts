import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyHistory, keepOf, learn, passIdle, predict } from '../../../src/detect/baseline/count-history.ts';
import { poisson, random } from './events.ts';

const PRIOR = { shape: 0.5, exposure: 0.1, phi: 0.1, phiWeight: 30 };
const SLOW = { keep: keepOf(10_000), keepPeak: keepOf(100_000) };

test('half of what was learnt remains after the half-life', () => {
  expect(keepOf(360) ** 360).toBeCloseTo(0.5, 12);
});

test('idle time is the same as that many empty buckets', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 20 }), fc.integer({ min: 1, max: 300 }), (counts, idle) => {
      const fading = { keep: 0.99, keepPeak: 0.999 };
      const [jumped, stepped] = [emptyHistory(), emptyHistory()];
      for (const count of counts) {
        learn(jumped, count, 1, true, fading);
        learn(stepped, count, 1, true, fading);
      }
      passIdle(jumped, idle, fading);
      for (let bucket = 0; bucket < idle; bucket += 1) learn(stepped, 0, 1, true, fading);
      for (const name of ['exposure', 'sum', 'squares', 'peak'] as const) {
        expect(jumped[name]).toBeCloseTo(stepped[name], 6);
      }
    }),
  );
});

test('the prediction is wide while the history is short and narrows by itself', () => {
  const history = emptyHistory();
  const widths = Array.from({ length: 200 }, () => {
    learn(history, 10, 1, true, SLOW);
    return predict(history, PRIOR).phi;
  });
  expect(predict(emptyHistory(), PRIOR).phi).toBeGreaterThan(2);
  for (let at = 1; at < widths.length; at += 1) expect(widths[at]!).toBeLessThan(widths[at - 1]!);
  expect(predict(history, PRIOR).mean).toBeCloseTo(10, 1);
});

test('the dispersion of steady and of bursty traffic is told apart', () => {
  const next = random(7);
  const [steady, bursty] = [emptyHistory(), emptyHistory()];
  for (let bucket = 0; bucket < 3000; bucket += 1) {
    learn(steady, poisson(20, 0, 1, next).length, 1, true, SLOW);
    learn(bursty, next() < 0.1 ? 200 : 0, 1, true, SLOW);
  }
  expect(predict(steady, PRIOR).mean).toBeCloseTo(20, -0.5);
  expect(predict(steady, PRIOR).phi).toBeLessThan(0.02);
  expect(predict(bursty, PRIOR).phi).toBeGreaterThan(5);
});

test('a doubted bucket never becomes the peak', () => {
  const history = emptyHistory();
  learn(history, 10, 1, true, SLOW);
  learn(history, 500, 1, false, SLOW);
  expect(history.peak).toBeLessThanOrEqual(10);
});
