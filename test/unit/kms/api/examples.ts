import type { Shape, StructureShape } from '../../../../src/kms/api/shapes/shape.ts';

/** A string of the wanted length that satisfies the pattern, for the patterns the API has. */
const BY_PATTERN: readonly (readonly [sample: string, filler: string])[] = [
  ['a', 'a'],
  ['0', '0'],
  ['eu-west-1', '1'],
  ['A2', 'A'],
  ['cluster-2222222222a', '2'],
  ['https://a.example', 'a'],
  ['/kms/xks/v1', '1'],
  ['/aaa/kms/xks/v1', '1'],
  ['com.amazonaws.vpce.eu-west-1.vpce-svc-0', '0'],
  ['000000000000', '0'],
  ['a.b.c', 'c'],
  ['arn:aws:s3::000000000000:bucket', 'b'],
];

function textOf(lengthChars: number, pattern: string | undefined): string | undefined {
  const whole = new RegExp(`^(?:${pattern ?? '[^]*'})$`);
  for (const [sample, filler] of BY_PATTERN) {
    for (const text of [
      sample.padEnd(lengthChars, filler),
      `/${'a'.repeat(Math.max(lengthChars - 12, 0))}/kms/xks/v1`,
    ]) {
      if (text.length === lengthChars && whole.test(text)) return text;
    }
  }
  return undefined;
}

const bytes = (size: number): string => Buffer.alloc(size, 7).toString('base64');

/** A JSON value the shape accepts. */
export function validFor(shape: Shape): unknown {
  switch (shape.kind) {
    case 'string': {
      if (shape.values !== undefined) return shape.values[0];
      for (let length = shape.min ?? 0; length <= (shape.max ?? 0); length += 1) {
        const text = length === 0 && shape.pattern !== undefined ? undefined : textOf(length, shape.pattern);
        if (text !== undefined) return text;
      }
      throw new Error(`no example for ${shape.pattern ?? 'a string'}`);
    }
    case 'integer':
      return shape.min;
    case 'boolean':
      return false;
    case 'timestamp':
      return 1_700_000_000.5;
    case 'blob':
      return bytes(shape.min);
    case 'list':
      return [validFor(shape.of)];
    case 'map':
      return { name: 'value' };
    case 'structure':
      return validStructure(shape);
  }
}

export function validStructure({ required, optional }: StructureShape): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...required, ...optional }).map(([name, of]) => [name, validFor(of)]));
}

export interface Bad {
  readonly what: string;
  readonly value: unknown;
  /** What the refusal says. */
  readonly says: string;
}

/** Values one step outside each bound of the shape, with the constraint AWS would quote. */
export function outOfBounds(shape: Shape): Bad[] {
  switch (shape.kind) {
    case 'string':
      return badStrings(shape);
    case 'integer':
      return [
        {
          what: 'too small',
          value: shape.min - 1,
          says: `Member must have value greater than or equal to ${shape.min}`,
        },
        { what: 'too large', value: shape.max + 1, says: `Member must have value less than or equal to ${shape.max}` },
      ];
    case 'blob':
      return [
        {
          what: 'too short',
          value: bytes(shape.min - 1),
          says: `Member must have length greater than or equal to ${shape.min}`,
        },
        {
          what: 'too long',
          value: bytes(shape.max + 1),
          says: `Member must have length less than or equal to ${shape.max}`,
        },
      ];
    case 'list': {
      const inner = validFor(shape.of);
      const { min = 0, max } = shape;
      const bad: Bad[] = [];
      if (min > 0)
        bad.push({ what: 'too few', value: [], says: `Member must have length greater than or equal to ${min}` });
      if (max !== undefined) {
        const value = Array.from({ length: max + 1 }, () => inner);
        bad.push({ what: 'too many', value, says: `Member must have length less than or equal to ${max}` });
      }
      for (const item of outOfBounds(shape.of))
        bad.push({ ...item, what: `item ${item.what}`, value: [inner, item.value] });
      bad.push({ what: 'a null item', value: [inner, null], says: 'Member must not be null' });
      return bad;
    }
    case 'structure': {
      const good = validStructure(shape);
      const members = Object.entries({ ...shape.required, ...shape.optional });
      return [
        ...members.flatMap(([name, of]) =>
          outOfBounds(of).map((bad) => ({
            ...bad,
            what: `${name} ${bad.what}`,
            value: { ...good, [name]: bad.value },
          })),
        ),
        ...Object.keys(shape.required).map((name) => ({
          what: `no ${name}`,
          value: { ...good, [name]: undefined },
          says: 'Member must not be null',
        })),
      ];
    }
    case 'map':
      return [{ what: 'a null value', value: { name: null }, says: 'Member must not be null' }];
    case 'boolean':
    case 'timestamp':
      return [];
  }
}

function badStrings(shape: Shape & { kind: 'string' }): Bad[] {
  const { min = 0, max, pattern, values } = shape;
  const bad: Bad[] = [];
  if (min > 0) {
    bad.push({
      what: 'too short',
      value: 'a'.repeat(min - 1),
      says: `Member must have length greater than or equal to ${min}`,
    });
  }
  if (max !== undefined) {
    bad.push({
      what: 'too long',
      value: 'a'.repeat(max + 1),
      says: `Member must have length less than or equal to ${max}`,
    });
  }
  if (pattern !== undefined) {
    const value = 'x'.repeat(Math.max(min - 1, 0)) + '\u{2603}';
    bad.push({
      what: 'against its pattern',
      value,
      says: `Member must satisfy regular expression pattern: ${pattern}`,
    });
  }
  if (values !== undefined) {
    bad.push({
      what: 'not of the set',
      value: `${values[0] ?? ''}X`,
      says: `Member must satisfy enum value set: [${values.join(', ')}]`,
    });
  }
  return bad;
}

const OF_EACH_KIND: readonly (readonly [kind: string, value: unknown])[] = [
  ['string', 'text'],
  ['integer', 7],
  ['fraction', 7.5],
  ['boolean', true],
  ['list', []],
  ['object', {}],
];

const ACCEPTS: Readonly<Record<Shape['kind'], readonly string[]>> = {
  string: ['string'],
  blob: ['string'],
  integer: ['integer'],
  timestamp: ['integer', 'fraction'],
  boolean: ['boolean'],
  list: ['list'],
  map: ['object'],
  structure: ['object'],
};

/** Values of every JSON type the shape is not. */
export const mistyped = ({ kind }: Shape): unknown[] =>
  OF_EACH_KIND.filter(([name]) => !ACCEPTS[kind].includes(name)).map(([, value]) => value);
