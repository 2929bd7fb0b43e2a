import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../src/stream/embedded-frame.ts';

test('a message comes back as it was stored', () => {
  const headers = fc.option(fc.dictionary(fc.string(), fc.string()), { nil: undefined });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 3000 }), headers, (key, value, some) => {
      const message = { key, value, ...(some === undefined ? {} : { headers: { ...some } }) };
      const back = decodeFrame(encodeFrame(message));
      expect({ ...back, value: Uint8Array.from(back.value) }).toEqual({ ...message, value: Uint8Array.from(value) });
    }),
  );
});

test('a frame that says more than it holds is not believed', () => {
  const frame = encodeFrame({ key: 'key', value: Buffer.from('value') });
  expect(() => decodeFrame(frame.subarray(0, 7))).toThrow('Bug');
  frame.writeUInt32BE(4_000_000_000, 0);
  expect(() => decodeFrame(frame)).toThrow('Bug');
});
