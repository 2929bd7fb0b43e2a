import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TOPICS } from '../../../src/events/index.ts';
import { encodeDeadLetter, parseDeadLetter, toDeadLetter } from '../../../src/stream/index.ts';

const poison = {
  topic: TOPICS.keyEvents,
  group: 'g',
  partition: 3,
  offset: 12,
  reason: 'not UTF-8 JSON',
  bytes: Buffer.from([0xff, 0x00]),
};

test('any bytes and any reason come back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string({ maxLength: 300, unit: 'binary' }), (bytes, reason) => {
      const parsed = parseDeadLetter(
        encodeDeadLetter(toDeadLetter({ ...poison, bytes, reason }, 1_700_000_000_000_000)),
      );
      if (!parsed.ok) throw new Error(parsed.reason);
      expect(Buffer.from(parsed.value.bytesBase64, 'base64').equals(bytes)).toBe(true);
      expect(parsed.value.reason).toBe(reason.toWellFormed());
      expect(parsed.value.time).toBe('2023-11-14T22:13:20.000000Z');
    }),
  );
});

test('a message near the limit of a broker is kept in part, and its size is told', () => {
  const letter = toDeadLetter({ ...poison, bytes: Buffer.alloc(1_000_000, 7) }, 0);
  expect(letter.sizeBytes).toBe(1_000_000);
  expect(Buffer.from(letter.bytesBase64, 'base64')).toHaveLength(512 * 1024);
  expect(encodeDeadLetter(letter).length).toBeLessThan(1_000_000);
});

test('a reason is cut where it is long, also inside a pair of surrogates', () => {
  const letter = toDeadLetter({ ...poison, reason: `${'x'.repeat(1023)}\u{1f511}` }, 0);
  expect(parseDeadLetter(encodeDeadLetter(letter))).toMatchObject({ ok: true });
});

test('anything but a dead letter is refused, an unknown field included', () => {
  const good = toDeadLetter(poison, 0);
  const parse = (value: unknown) => parseDeadLetter(Buffer.from(JSON.stringify(value)));
  expect(parse(good).ok).toBe(true);
  const bad = [
    null,
    [],
    {},
    { ...good, more: 1 },
    { ...good, v: 2 },
    { ...good, offset: -1 },
    { ...good, topic: 'other' },
  ];
  for (const value of bad) expect(parse(value).ok).toBe(false);
  expect(parseDeadLetter(Buffer.from([0xff])).ok).toBe(false);
});
