import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAmzDate, parseAmzDate, parseDateHeader } from '../../../../src/kms/api/amz-date.ts';

test('every second of four-digit years survives the round trip', () => {
  const seconds = fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
  fc.assert(
    fc.property(seconds, (second) => {
      expect(parseAmzDate(formatAmzDate(second * 1000))).toBe(second * 1000);
    }),
  );
});

test.each(['20240229T000000Z', '20000229T235959Z'])('%s is a day', (text) => expect(parseAmzDate(text)).toBeDefined());

test.each([
  ...['20230229T000000Z', '20240431T000000Z', '20241301T000000Z', '20240001T000000Z', '20240100T000000Z'],
  ...['20240101T240000Z', '20240101T006000Z', '20240101T000060Z', '20240101t000000Z', '20240101T000000z'],
  ...['2024010aT000000Z', '20240101T000000', ' 20240101T000000Z', '-0240101T000000Z', ''],
])('%j is no date', (text) => expect(parseAmzDate(text)).toBeUndefined());

test('a Date header is IMF-fixdate or ISO 8601 basic, nothing looser', () => {
  expect(parseDateHeader('Sun, 30 Aug 2015 12:36:00 GMT')).toBe(Date.UTC(2015, 7, 30, 12, 36));
  expect(parseDateHeader('20150830T123600Z')).toBe(Date.UTC(2015, 7, 30, 12, 36));
  for (const text of ['2015-08-30', '30 Aug 2015', 'Sun, 99 Aug 2015 12:36:00 GMT', '0']) {
    expect(parseDateHeader(text)).toBeUndefined();
  }
});
