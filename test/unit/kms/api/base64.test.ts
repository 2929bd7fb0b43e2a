import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64Bytes, decodeBase64 } from '../../../../src/kms/api/shapes/base64.ts';

test('every sequence of bytes survives, with its size known beforehand', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(base64Bytes(text)).toBe(bytes.length);
      expect(decodeBase64(text, bytes.length).equals(bytes)).toBe(true);
    }),
  );
});

test.each([
  'A',
  'AA',
  'AAA',
  'A===',
  '====',
  'AA=A',
  'A=AA',
  '=AAA',
  'AA==AAAA',
  'AAA-',
  'AAA_',
  ' AAA',
  'AAA\n',
  'AA A',
  'AAÀA',
  'AAA\u{2603}',
])('%j is not base64', (text) => expect(base64Bytes(text)).toBeUndefined());

test('what is taken is exactly what Node decodes without dropping anything', () => {
  const letters = fc.constantFrom('A', 'b', '0', '+', '/', '=', '-', '_', ' ', '\n');
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 16 }), (parts) => {
      const text = parts.join('');
      const size = base64Bytes(text);
      if (size !== undefined) expect(Buffer.from(text, 'base64')).toHaveLength(size);
    }),
    { numRuns: 2_000 },
  );
});
