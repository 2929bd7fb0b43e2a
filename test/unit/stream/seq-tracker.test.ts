import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqTracker } from '../../../src/stream/index.ts';

const itself = (seq: number): number => seq;

test('drops what was taken before, and what comes twice in one batch', () => {
  const tracker = new SeqTracker({ contiguous: false });
  expect(tracker.fresh(0, [1, 4, 4, 2, 9], itself)).toEqual([1, 4, 9]);
  tracker.take(0, 9);
  expect(tracker.fresh(0, [4, 9, 12], itself)).toEqual([12]);
});

test('looking takes nothing: a batch whose handling failed is new again', () => {
  const tracker = new SeqTracker({ contiguous: true });
  expect(tracker.fresh(0, [1, 2, 3], itself)).toEqual([1, 2, 3]);
  expect(tracker.fresh(0, [1, 2, 3], itself)).toEqual([1, 2, 3]);
});

test('every partition has its own seqs', () => {
  const tracker = new SeqTracker({ contiguous: false });
  tracker.take(0, 100);
  expect(tracker.fresh(1, [5, 6], itself)).toEqual([5, 6]);
});

test('where every seq must be there, a gap stops the line; where they only ascend, it does not', () => {
  const contiguous = new SeqTracker({ contiguous: true, last: [[0, 10]] });
  expect(() => contiguous.fresh(0, [11, 13], itself)).toThrow(
    expect.objectContaining({ code: 'STREAM_GAP', retryable: true }),
  );
  const ascending = new SeqTracker({ contiguous: false, last: [[0, 10]] });
  expect(ascending.fresh(0, [11, 13], itself)).toEqual([11, 13]);
});

test('goes on from a snapshot', () => {
  const before = new SeqTracker({ contiguous: true });
  before.take(2, 41);
  const after = new SeqTracker({ contiguous: true, last: before.last() });
  expect(after.fresh(2, [40, 41, 42], itself)).toEqual([42]);
});

test('whatever is repeated and however it is cut, each seq is handled once and in order', () => {
  const deliveries = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 }), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(deliveries, (steps) => {
      const tracker = new SeqTracker({ contiguous: true, last: [[0, 0]] });
      const handled: number[] = [];
      for (const [back, length, succeeds] of steps) {
        // A batch begins anywhere up to what is next.
        const from = Math.max(1, handled.length + 1 - back);
        const fresh = tracker.fresh(
          0,
          Array.from({ length }, (_, at) => from + at),
          itself,
        );
        if (!succeeds) continue;
        handled.push(...fresh);
        tracker.take(0, from + length - 1);
      }
      expect(handled).toEqual(handled.map((_, at) => at + 1));
    }),
  );
});
