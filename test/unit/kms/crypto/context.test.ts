import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeContext } from '../../../../src/kms/crypto/index.ts';
import { contextBytes } from '../../../support/independent-decryptor.ts';
import { anyContext } from './given.ts';

const hex = (context: Record<string, string>): string => encodeContext(context).toString('hex');
const sorted = (context: Record<string, string>): string => JSON.stringify(Object.entries(context).sort());

test('two contexts have the same bytes only when they are the same', () => {
  fc.assert(
    fc.property(anyContext, anyContext, (one, other) => {
      expect(hex(one) === hex(other)).toBe(sorted(one) === sorted(other));
    }),
  );
});

test('what separators would confuse is told apart', () => {
  const lookalikes = [
    { ab: 'c' },
    { a: 'bc' },
    { abc: '' },
    { '': 'abc' },
    { a: 'b', c: 'd' },
    { a: 'bc', '': 'd' },
    { 'a=b&c': 'd' },
    { a: 'b&c=d' },
    { a: 'b\0c' },
    { é: '' },
    { 'e\u0301': '' },
    {},
  ];
  expect(new Set(lookalikes.map(hex)).size).toBe(lookalikes.length);
});

test('the published description gives the same bytes', () => {
  fc.assert(
    fc.property(anyContext, (context) => {
      expect(encodeContext(context)).toEqual(contextBytes(context));
    }),
  );
});

test('pairs are sorted by UTF-8 bytes, which is not the order of UTF-16', () => {
  // U+FF5E sorts after U+1F600 in UTF-16 code units, and before it in UTF-8.
  const encoded = encodeContext({ '\u{1F600}': '1', '\uFF5E': '2' });
  expect(encoded.indexOf(Buffer.from('\uFF5E'))).toBeLessThan(encoded.indexOf(Buffer.from('\u{1F600}')));
});

test('no context and an empty one are two zero bytes', () => {
  expect(encodeContext(undefined).toString('hex')).toBe('0000');
  expect(encodeContext({}).toString('hex')).toBe('0000');
});
