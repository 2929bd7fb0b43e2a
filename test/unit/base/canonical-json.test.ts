import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, rememberCanonical } from '../../../src/base/index.ts';

const doubleOf = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

describe('RFC 8785', () => {
  test('section 3.2.2: the sample object has the canonical form that the RFC prints', () => {
    const sample = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as unknown;

    expect(canonicalJson(sample)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('section 3.2.3: members are sorted by UTF-16 code units, so that an emoji comes before U+FB33', () => {
    const sample = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };

    expect(Object.values(JSON.parse(canonicalJson(sample)) as object)).toEqual([
      'One', // an integer-like name comes first in any JavaScript object; the text itself is compared below
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(canonicalJson(sample)).toMatch(/^\{"\\r":"Carriage Return","1":"One","\u0080":"Control",/u);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: the double %s is written %s', (bits, text) => {
    expect(canonicalJson(doubleOf(bits))).toBe(text);
  });

  test.each([
    ['NaN', doubleOf('7fffffffffffffff')],
    ['infinity', doubleOf('7ff0000000000000')],
    ['minus infinity', doubleOf('fff0000000000000')],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate', 'x\ude00'],
    ['a lone surrogate in a name', { '\ud83d': 1 }],
    ['undefined in an array', [undefined]],
    ['undefined', undefined],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('has no form for %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

test('any JSON value has the form that another implementation gives it', () => {
  const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' });
  fc.assert(
    fc.property(value, (json) => canonicalJson(json) === canonicalize(json)),
    { numRuns: 2_000 },
  );
});

test('any double has the form that another implementation gives it', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(finite, (number) => canonicalJson(number) === canonicalize(number)),
    { numRuns: 5_000 },
  );
});

test('reading the canonical form and writing it again changes nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (json) => {
      const text = canonicalJson(json);
      return canonicalJson(JSON.parse(text)) === text;
    }),
  );
});

test('the order in which members were set does not show', () => {
  const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.integer()), { selector: ([name]) => name });
  fc.assert(
    fc.property(
      members,
      (pairs) => canonicalJson(Object.fromEntries(pairs)) === canonicalJson(Object.fromEntries(pairs.toReversed())),
    ),
  );
});

test('a member that is undefined is left out, the first one too', () => {
  expect(canonicalJson({ a: undefined, b: 1, c: undefined, d: 2 })).toBe('{"b":1,"d":2}');
});

test.each([
  ['a Buffer, whose bytes may be a key', Buffer.from('key bytes')],
  ['a date', new Date(0)],
  ['a map', new Map([['a', 1]])],
  ['an error', new Error('inner')],
])('has no form for %s', (_, value) => {
  expect(() => canonicalJson({ value })).toThrow('Only a plain object has a JSON form');
});

test('an object without a prototype is a plain object', () => {
  expect(canonicalJson(Object.assign(Object.create(null) as object, { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
});

test('an object whose form is remembered is written as any other, alone and inside another', () => {
  const actor = { type: 'user', arn: 'arn:aws:iam::000000000000:user/größe', none: undefined };
  const plain = canonicalJson({ b: [actor], a: 1 });
  const remembered = rememberCanonical(actor);
  expect(remembered).toBe(actor);
  expect(canonicalJson({ b: [remembered], a: 1 })).toBe(plain);
  expect(() => (remembered.type = 'role')).toThrow(TypeError);
});
