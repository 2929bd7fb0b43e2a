import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyEvent } from '../../../src/events/index.ts';
import { foldUsage, type KeyUsageRow } from '../../../src/projections/index.ts';
import { event, keyArn, keyRef, ROOT } from './given.ts';

const used = (seq: number, operation: string, name: string, given: Partial<KeyEvent> = {}): KeyEvent =>
  event(seq, { operation, kind: 'data', key: keyRef(name), ...given });

function fold(rows: Map<string, KeyUsageRow>, events: readonly KeyEvent[]): Map<string, KeyUsageRow> {
  for (const row of foldUsage(rows, events)) rows.set(row.arn, row);
  return rows;
}

test('successful data operations are counted by name, and the last is kept', () => {
  const rows = fold(new Map(), [used(1, 'Encrypt', 'k'), used(2, 'Decrypt', 'k'), used(3, 'Decrypt', 'k')]);
  expect(rows.get(keyArn('k'))).toMatchObject({
    seq: 3,
    last: { seq: 3, operation: 'Decrypt', principal: ROOT },
    counts: { Encrypt: 1, Decrypt: 2 },
  });
});

test('refused operations and management are no use of a key', () => {
  const events = [used(1, 'Decrypt', 'k', { outcome: 'denied' }), event(2, { key: keyRef('k') })];
  expect(foldUsage(new Map(), events)).toEqual([]);
});

test('the source key of a ReEncrypt was used too', () => {
  const rows = fold(new Map(), [used(4, 'ReEncrypt', 'to', { sourceKey: keyRef('from') }), used(2, 'Encrypt', 'from')]);
  expect(rows.get(keyArn('from'))).toMatchObject({ seq: 2, last: { seq: 4, operation: 'ReEncrypt' } });
  expect(rows.get(keyArn('to'))).toMatchObject({ seq: 4, counts: { ReEncrypt: 1 } });
});

test('folding any prefix twice equals folding it once', () => {
  const step = fc.tuple(fc.constantFrom('Encrypt', 'Decrypt', 'ReEncrypt'), fc.constantFrom('a', 'b'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, cut) => {
      const history = steps.map(([operation, name], index) =>
        used(index + 1, operation, name, operation === 'ReEncrypt' ? { sourceKey: keyRef('a') } : {}),
      );
      const prefix = history.slice(0, cut % (history.length + 1));
      expect(fold(fold(new Map(), prefix), history)).toEqual(fold(new Map(), history));
    }),
  );
});
