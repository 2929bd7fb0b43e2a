import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, canonicalJson, toIsoMicros } from '../../../src/base/index.ts';
import { KeyEvent, encodeKeyEvent, parseKeyEvent } from '../../../src/events/index.ts';
import { codecOf, fixture, fixtures } from './fixtures.ts';

const everyField = KeyEvent.parse(fixture('key-event.v1.every-field'));
const bytesOf = (value: Json): Buffer => Buffer.from(canonicalJson(value));

const text = fc.string({ unit: 'binary' });
/** What JSON can carry: it has no -0. */
const json = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const context = fc.dictionary(text, text, { noNullPrototype: true });
const anyEvent: fc.Arbitrary<KeyEvent> = fc
  .record({
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    time: fc.maxSafeNat().map(toIsoMicros),
    outcome: fc.constantFrom('success', 'denied', 'throttled', 'invalid', 'failed'),
    region: fc.string({ unit: 'binary', maxLength: 30 }),
    request: fc.dictionary(text, json, { noNullPrototype: true }) as fc.Arbitrary<KeyEvent['request']>,
    encryptionContext: context,
    sourceEncryptionContext: context,
  })
  .map((fields) => ({ ...everyField, ...fields }))
  .filter((event) => !canonicalJson(event).includes('"__proto__":'));

/** Members whose names are the caller's own; everywhere else an unknown name is a bug. */
const FREE_FORM = new Set([
  'request',
  'encryptionContext',
  'encryptionContextEquals',
  'encryptionContextSubset',
  'sourceEncryptionContext',
  'tags',
]);

/** Every value inside, with its path; what lies in free-form members is left out. */
function* walk(value: Json, path: readonly string[] = []): Generator<readonly [readonly string[], Json]> {
  yield [path, value];
  if (value === null || typeof value !== 'object') return;
  for (const [name, inner] of Object.entries(value)) {
    if (!FREE_FORM.has(name)) yield* walk(inner, [...path, name]);
  }
}

/** A copy in which the value at `path` is another. */
function replaced(value: Json, path: readonly string[], other: Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return other;
  if (Array.isArray(value))
    return (value as Json[]).map((item, at) => (String(at) === name ? replaced(item, rest, other) : item));
  const object = value as Readonly<Record<string, Json>>;
  return { ...object, [name]: replaced(object[name]!, rest, other) };
}

describe('an event', () => {
  test('comes back from its bytes as it was, and its bytes from it', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const bytes = encodeKeyEvent(event);
        const parsed = parseKeyEvent(bytes);
        expect(parsed).toEqual({ ok: true, value: event });
        expect(parsed.ok && encodeKeyEvent(parsed.value).equals(bytes)).toBe(true);
      }),
    );
  });

  test('is written as RFC 8785 says, whichever of its members are there', () => {
    const optional = [
      'ciphertext',
      'decision',
      'encryptionContext',
      'errorCode',
      'key',
      'sourceEncryptionContext',
      'sourceKey',
    ] as const;
    fc.assert(
      fc.property(anyEvent, fc.subarray([...optional]), fc.boolean(), (event, left, traced) => {
        const trace = traced ? event.trace : { requestId: event.trace.requestId };
        const kept = Object.entries({ ...event, trace }).filter(
          ([name]) => !(left as readonly string[]).includes(name),
        );
        const partial = Object.fromEntries(kept) as unknown as KeyEvent;
        expect(encodeKeyEvent(partial).toString('utf8')).toBe(canonicalJson(partial));
      }),
    );
  });

  test('cannot be written with a text that has no UTF-8 form', () => {
    expect(() => encodeKeyEvent({ ...everyField, encryptionContext: { tenant: '\ud83d' } })).toThrow(TypeError);
  });

  test('cannot be written with bytes in it, which might be a key', () => {
    const careless = { ...everyField, request: { Plaintext: Buffer.from('secret') as unknown as Json } };
    expect(() => encodeKeyEvent(careless as KeyEvent)).toThrow(TypeError);
  });
});

describe.each([...fixtures])('%s', (name, written) => {
  const { parse } = codecOf(name);
  const places = [...walk(written)];

  test('is poison with an unknown member anywhere but among the names that callers choose', () => {
    const objects = places.filter(([, value]) => value !== null && typeof value === 'object' && !Array.isArray(value));
    const accepted = objects.filter(
      ([path, value]) => parse(bytesOf(replaced(written, path, { ...(value as object), plaintext: 'x' }))).ok,
    );
    expect(accepted.map(([path]) => path.join('.'))).toEqual([]);
  });

  test('is poison with a value of another type anywhere', () => {
    const accepted = places.filter(
      ([path, value]) => parse(bytesOf(replaced(written, path, Array.isArray(value) ? 1 : [1]))).ok,
    );
    expect(accepted.map(([path]) => path.join('.'))).toEqual([]);
  });
});

describe('poison', () => {
  test('is named, never thrown, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !parseKeyEvent(bytes).ok));
    fc.assert(fc.property(json, (value) => !parseKeyEvent(bytesOf(value as Json)).ok));
  });

  test('is named, never thrown, when a byte of a real event is changed', () => {
    const bytes = encodeKeyEvent(everyField);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        return typeof parseKeyEvent(changed).ok === 'boolean';
      }),
    );
  });

  test.each([
    ['no text', Buffer.from([0xc3, 0x28]), 'not UTF-8 JSON'],
    ['no JSON', Buffer.from('{"v":1'), 'not UTF-8 JSON'],
    ['nothing', Buffer.alloc(0), 'not UTF-8 JSON'],
    [
      'a byte order mark',
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), encodeKeyEvent(everyField)]),
      'not UTF-8 JSON',
    ],
    ['no object', Buffer.from('[]'), '(root): invalid_type'],
    ['a version from the future', bytesOf(replaced(fixture('key-event.v1.denied'), ['v'], 2)), 'v: invalid_value'],
  ])('%s has a reason', (_, bytes, reason) => {
    expect(parseKeyEvent(bytes)).toEqual({ ok: false, reason });
  });

  test('nested too deeply for the stack is poison like any other, not an outage that stops the line', () => {
    const deep = `{"request":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
    expect(parseKeyEvent(Buffer.from(deep))).toEqual({ ok: false, reason: 'nested too deeply' });
  });

  test('a member that would be lost in reading is refused, not lost', () => {
    const lossy = encodeKeyEvent(everyField).toString().replace('"tenant":', '"__proto__":');
    expect(parseKeyEvent(Buffer.from(lossy))).toEqual({ ok: false, reason: 'a member named __proto__' });
  });

  test('its reason repeats no value and stays short', () => {
    const canary = 'canary-7f3a';
    const wrong = {
      ...(fixture('key-event.v1.denied') as object),
      time: canary,
      [canary]: canary,
      ['x'.repeat(10_000)]: 1,
    };
    const parsed = parseKeyEvent(bytesOf({ ...wrong, encryptionContext: { ['y'.repeat(100_000)]: 1 } }));
    expect(parsed).toMatchObject({ ok: false });
    expect(JSON.stringify(parsed)).not.toContain(canary);
    expect(JSON.stringify(parsed).length).toBeLessThan(1_000);
  });
});
