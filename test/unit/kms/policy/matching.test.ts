import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileArnPattern } from '../../../../src/kms/policy/arn-pattern.ts';
import { conditionContext } from '../../../../src/kms/policy/index.ts';
import { compileGlob } from '../../../../src/kms/policy/glob.ts';
import { parseInstant } from '../../../../src/kms/policy/instant.ts';
import { isInRange, parseAddress, parseIpRange } from '../../../../src/kms/policy/ip-range.ts';
import { fixedTokens, parseTemplate } from '../../../../src/kms/policy/template.ts';
import { alice } from './cast.ts';

const matches = (pattern: string, text: string): boolean =>
  compileGlob(fixedTokens(parseTemplate(pattern, { wildcards: true, variables: false }))!)(text);
const context = conditionContext({ principal: alice });
const matchesArn = (pattern: string, arn: string): boolean =>
  compileArnPattern(parseTemplate(pattern, { wildcards: true, variables: false }))(arn, context);

/** The meaning of wildcards, by recursion over what is left; exponential, and evidently right. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  return text !== '' && (pattern.startsWith('?') || pattern[0] === text[0]) && naive(pattern.slice(1), text.slice(1));
}

const few = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), maxLength });

describe('wildcards', () => {
  test('mean what a naive reading of them means', () => {
    fc.assert(
      fc.property(few('ab*?', 9), few('ab', 12), (pattern, text) => matches(pattern, text) === naive(pattern, text)),
      { numRuns: 4000 },
    );
  });

  test('mean the same in pieces longer than a machine word', () => {
    const property = fc.property(few('ab?', 80), fc.nat(60), few('ab', 8), few('ab', 8), (piece, at, before, after) => {
      const text = piece.replaceAll('?', 'b');
      const broken = text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
      expect(matches(`*${piece}*`, before + text + after)).toBe(true);
      expect(matches(`*${piece}*`, broken)).toBe(
        naive(piece, broken) || naive(`*${piece}`, broken) || naive(`${piece}*`, broken),
      );
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('let a text match its own pattern with any part starred out', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), (text, a, b) => {
        const from = a % (text.length + 1);
        const to = from + (b % (text.length - from + 1));
        const escaped = (part: string): string => part.replaceAll('*', '?');
        return matches(`${escaped(text.slice(0, from))}*${escaped(text.slice(to))}`, text);
      }),
    );
  });

  test('cost no more on a hostile pattern than on a kind one', () => {
    const hostile = `${'*a?'.repeat(5000)}b`;
    expect(matches(hostile, 'a'.repeat(8192))).toBe(false);
    expect(matches(`*${'a?'.repeat(8000)}*${'?a'.repeat(8000)}*`, 'a'.repeat(33_000))).toBe(true);
  });
});

describe('ARN patterns', () => {
  test.each([
    ['arn:aws:kms:*:111122223333:key/*', 'arn:aws:kms:eu-west-1:111122223333:key/1', true],
    ['arn:aws:kms:*:111122223333:key/*', 'arn:aws:kms:eu-west-1:999999999999:x:111122223333:key/1', false],
    ['arn:aws:kms:*', 'arn:aws:kms:eu-west-1:111122223333:key/1', true],
    ['arn:aws:kms', 'arn:aws:kms:eu-west-1:111122223333:key/1', false],
    ['arn:aws:kms:eu-*', 'arn:aws:kms:us-east-1:111122223333:key/1', false],
    ['arn:aws:kms:eu-?est-1:*:alias/a:*', 'arn:aws:kms:eu-west-1:1:alias/a:b:c', true],
    ['arn:aws:kms:*:*:key/*', 'arn:aws:kms:*', false],
    ['*', 'anything', true],
    ['arn:*:*:*:*:*', '*', false],
  ])('%s against %s', (pattern, arn, expected) => expect(matchesArn(pattern, arn)).toBe(expected));

  test('match component by component as the naive reading does', () => {
    const component = few('ab*?', 4);
    const parts = fc.tuple(component, component, component, component, component, component);
    const texts = fc.array(few('ab', 4), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(parts, texts, (pattern, text) => {
        const expected = pattern.every((part, index) => naive(part, text[index]!));
        return matchesArn(pattern.join(':'), text.join(':')) === expected;
      }),
      { numRuns: 2000 },
    );
  });
});

describe('addresses', () => {
  const ipv4 = fc.nat(0xffffffff).map((bits) => [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.'));

  test.each([
    '1.2.3',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '1:2:3:4:5:6:7::8',
    '1.2.3.4::',
    '::1.2.3',
    'fe80::1%eth0',
    '',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined());

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/08', '::/129', '10.0.0.0/8/8'])(
    '%j is no range',
    (text) => expect(parseIpRange(text)).toBeUndefined(),
  );

  test('are the same however IPv6 is written', () => {
    const forms = ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1', '2001:db8::0:1', '2001:db8:0:0::0.0.0.1'].map(parseAddress);
    expect(new Set(forms.map(String))).toHaveLength(1);
    expect(parseAddress('::')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('lie in a range when their leading bits are those of the range', () => {
    const bits = (text: string): string =>
      text
        .split('.')
        .map((octet) => Number(octet).toString(2).padStart(8, '0'))
        .join('');
    fc.assert(
      fc.property(ipv4, ipv4, fc.nat(32), (a, b, prefix) => {
        const expected = bits(a).slice(0, prefix) === bits(b).slice(0, prefix);
        return isInRange(parseIpRange(`${a}/${String(prefix)}`)!, parseAddress(b)!) === expected;
      }),
    );
  });
});

describe('moments', () => {
  test.each([
    ['2026', '2026-01-01T00:00:00Z'],
    ['2026-03', '2026-03-01T00:00:00Z'],
    ['2026-03-04', '2026-03-04T00:00:00Z'],
    ['2026-03-04T05:06Z', '2026-03-04T05:06:00Z'],
    ['2026-03-04T05:06:07.5-01:30', '2026-03-04T06:36:07.500Z'],
    ['0', '1970-01-01T00:00:00Z'],
    ['86400', '1970-01-02T00:00:00Z'],
    ['0050-01-01', '0050-01-01T00:00:00Z'],
  ])('%s is %s', (text, iso) => expect(parseInstant(text)).toBe(Date.parse(iso)));

  test.each([
    '2026-02-29',
    '2026-13',
    '2026-00-10',
    '2026-01-01T24:00Z',
    '2026-01-01T10',
    'now',
    '',
    '2026-01-01 10:00',
    '1e9',
  ])('%j is none', (text) => expect(parseInstant(text)).toBeUndefined());
});
