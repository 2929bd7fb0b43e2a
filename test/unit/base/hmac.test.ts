import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HmacSha256 } from '../../../src/base/index.ts';

const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength });

test('an HMAC is the one that OpenSSL computes, whatever the key, the message and its cuts, and as often as it is asked', () => {
  fc.assert(
    fc.property(bytes(64), fc.array(bytes(400), { maxLength: 4 }), bytes(700), (key, parts, other) => {
      const hmac = new HmacSha256(key);
      const expected = createHmac('sha256', key).update(Buffer.concat(parts)).digest('hex');
      expect(hmac.hex(...parts)).toBe(expected);
      hmac.digest(other);
      expect(hmac.digest(...parts).toString('hex')).toBe(expected);
    }),
  );
});

test('RFC 4231, test case 2', () => {
  const hmac = new HmacSha256(Buffer.from('Jefe'));
  expect(hmac.hex(Buffer.from('what do ya want for nothing?'))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('a key of more than one block is refused, for it would have to be hashed first', () => {
  expect(() => new HmacSha256(Buffer.alloc(65))).toThrow(RangeError);
});
