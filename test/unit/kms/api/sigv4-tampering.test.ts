import { CreateKeyCommand, DecryptCommand } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { captureFromSdk, headerOf, outcomeOf, withHeader, type Wire } from './signed-request.ts';

const wires = await Promise.all([
  captureFromSdk((client) =>
    client.send(new DecryptCommand({ CiphertextBlob: Buffer.alloc(90, 7), EncryptionContext: { tenant: 'acme' } })),
  ),
  captureFromSdk((client) =>
    client.send(new CreateKeyCommand({ Description: 'größer', Tags: [{ TagKey: 'a', TagValue: 'b' }] })),
  ),
]);
const anyWire = fc.constantFrom(...wires);

const signedNames = (wire: Wire): string[] =>
  (/SignedHeaders=([^,]+)/.exec(headerOf(wire, 'authorization'))?.[1] ?? '').split(';');

test('the requests themselves verify', () => {
  expect(wires.map((wire) => outcomeOf(wire))).toEqual(['ok', 'ok']);
});

test('no byte of the body can be changed, added or removed', () => {
  fc.assert(
    fc.property(
      anyWire,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom('flip', 'add', 'cut'),
      (wire, place, bits, how) => {
        const body = Buffer.from(wire.body);
        const at = place % body.length;
        body[at] = (body[at] ?? 0) ^ bits;
        const changed = {
          flip: body,
          add: Buffer.concat([wire.body, Buffer.of(bits)]),
          cut: wire.body.subarray(0, at),
        }[how];
        expect(outcomeOf({ ...wire, body: changed })).toBe('InvalidSignatureException');
      },
    ),
    { numRuns: 300 },
  );
});

test('no signed header can be changed', () => {
  fc.assert(
    fc.property(anyWire, fc.nat(), fc.nat(), fc.constantFrom('x', '0', ' y'), (wire, which, place, insert) => {
      const names = signedNames(wire);
      const name = names[which % names.length] ?? '';
      const changed = withHeader(wire, name, (value) => {
        const at = place % (value.length + 1);
        return (value.slice(0, at) + insert + value.slice(at)).trim();
      });
      expect(outcomeOf(changed)).not.toBe('ok');
    }),
    { numRuns: 300 },
  );
});

test('no signed header can be dropped, and none can be renamed', () => {
  for (const wire of wires) {
    for (const name of signedNames(wire)) {
      const at = wire.rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
      expect(outcomeOf({ ...wire, rawHeaders: wire.rawHeaders.toSpliced(at, 2) })).not.toBe('ok');
      expect(outcomeOf({ ...wire, rawHeaders: wire.rawHeaders.with(at, `${name}-x`) })).not.toBe('ok');
    }
  }
});

test('no character of the Authorization header can be changed, unless it changes nothing that is claimed', () => {
  fc.assert(
    fc.property(anyWire, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (wire, place, letter) => {
      const header = headerOf(wire, 'authorization');
      const at = place % header.length;
      // Spaces around the parameters mean nothing; the header is not part of what is signed.
      fc.pre(header.charAt(at) !== letter && header.charAt(at) !== ' ' && letter.trim() !== '');
      const changed = header.slice(0, at) + letter + header.slice(at + 1);
      expect(outcomeOf(withHeader(wire, 'authorization', () => changed))).not.toBe('ok');
    }),
    { numRuns: 500 },
  );
});

test('whatever the headers hold, the answer is a value', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('authorization', 'host', 'x-amz-date', 'x'), fc.string())),
      (pairs) => {
        expect(outcomeOf({ rawHeaders: pairs.flat(), body: Buffer.alloc(0) })).not.toBe('ok');
      },
    ),
  );
  const pieces = fc.constantFrom(
    'AWS4-HMAC-SHA256',
    ' ',
    ',',
    '=',
    '/',
    'Credential',
    'Signature',
    'SignedHeaders',
    ';',
    'host',
    'a',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const rawHeaders = [
        'Host',
        'a',
        'X-Amz-Date',
        '20150830T123600Z',
        'Authorization',
        `AWS4-HMAC-SHA256 ${parts.join('')}`,
      ];
      expect(outcomeOf({ rawHeaders, body: Buffer.alloc(0) })).not.toBe('ok');
    }),
    { numRuns: 500 },
  );
});
