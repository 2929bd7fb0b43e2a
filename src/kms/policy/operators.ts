import { compileArnPattern } from './arn-pattern.ts';
import { compileGlob } from './glob.ts';
import { parseInstant } from './instant.ts';
import { isInRange, parseAddress, parseIpRange } from './ip-range.ts';
import { fixedTokens, matcherOf, parseTemplate, textOf, type Matcher } from './template.ts';

/** An operator of the Condition element, without its modifiers. Source: IAM User Guide, "Condition operators". */
export interface Operator {
  readonly name: string;
  readonly family: 'compare' | 'null';
  /** True for the operators with Not in their name: they hold where none of the policy's values matches. */
  readonly negated: boolean;
  /** Whether a policy may give this value. */
  readonly accepts: (value: string) => boolean;
  /** Says whether one value of the request matches any of the policy's, before negation. */
  readonly compile: (values: readonly string[], variables: boolean) => Matcher;
}

type Comparison = (request: number, policy: number) => boolean;

const anyText = (): boolean => true;
const anyOf = (matchers: readonly Matcher[]): Matcher => {
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (text, context) => matchers.some((matches) => matches(text, context));
};

/** Exact texts by one look-up; only those with variables one by one. */
function compileEquals(values: readonly string[], variables: boolean, fold: (text: string) => string): Matcher {
  const exact = new Set<string>();
  const varying: Matcher[] = [];
  for (const value of values) {
    const template = parseTemplate(value, { wildcards: false, variables });
    const fixed = fixedTokens(template);
    if (fixed === undefined)
      varying.push(matcherOf(template, (tokens) => (text) => fold(text) === fold(textOf(tokens))));
    else exact.add(fold(textOf(fixed)));
  }
  if (varying.length === 0) return (text) => exact.has(fold(text));
  return (text, context) => exact.has(fold(text)) || varying.some((matches) => matches(text, context));
}

const compileLike: Operator['compile'] = (values, variables) =>
  anyOf(values.map((value) => matcherOf(parseTemplate(value, { wildcards: true, variables }), compileGlob)));

const compileArn: Operator['compile'] = (values, variables) =>
  anyOf(values.map((value) => compileArnPattern(parseTemplate(value, { wildcards: true, variables }))));

/** Numbers and dates; a value of the request that is neither matches nothing. */
function ordered(
  parse: (text: string) => number | undefined,
  holds: Comparison,
): Pick<Operator, 'accepts' | 'compile'> {
  return {
    accepts: (value) => parse(value) !== undefined,
    compile: (values) => {
      const limits = values.map(parse).filter((limit) => limit !== undefined);
      return (text) => {
        const given = parse(text);
        return given !== undefined && limits.some((limit) => holds(given, limit));
      };
    },
  };
}

const DECIMAL = /^[+-]?\d{1,18}(?:\.\d{1,18})?$/;
const parseDecimal = (text: string): number | undefined => (DECIMAL.test(text) ? Number(text) : undefined);

const TRUTH = /^(?:true|false)$/i;
/** Canonical base64, so that equal bytes are equal texts. */
const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text;
const truth: Pick<Operator, 'accepts' | 'compile'> = {
  accepts: (value) => TRUTH.test(value),
  compile: (values) => compileEquals(values, false, (text) => text.toLowerCase()),
};

const ipAddress: Pick<Operator, 'accepts' | 'compile'> = {
  accepts: (value) => parseIpRange(value) !== undefined,
  compile: (values) => {
    const ranges = values.map(parseIpRange).filter((range) => range !== undefined);
    return (text) => {
      const address = parseAddress(text);
      return address !== undefined && ranges.some((range) => isInRange(range, address));
    };
  },
};

type Row = readonly [name: string, negated: boolean, Pick<Operator, 'accepts' | 'compile'>];
const EQUALS = {
  accepts: anyText,
  compile: (values: readonly string[], variables: boolean) => compileEquals(values, variables, (text) => text),
};
const EQUALS_IGNORE_CASE = {
  accepts: anyText,
  compile: (values: readonly string[], variables: boolean) =>
    compileEquals(values, variables, (text) => text.toLowerCase()),
};
const LIKE = { accepts: anyText, compile: compileLike };
const ARN = { accepts: anyText, compile: compileArn };

const orderedRows = (prefix: string, parse: (text: string) => number | undefined): readonly Row[] => [
  [`${prefix}Equals`, false, ordered(parse, (request, policy) => request === policy)],
  [`${prefix}NotEquals`, true, ordered(parse, (request, policy) => request === policy)],
  [`${prefix}LessThan`, false, ordered(parse, (request, policy) => request < policy)],
  [`${prefix}LessThanEquals`, false, ordered(parse, (request, policy) => request <= policy)],
  [`${prefix}GreaterThan`, false, ordered(parse, (request, policy) => request > policy)],
  [`${prefix}GreaterThanEquals`, false, ordered(parse, (request, policy) => request >= policy)],
];

const ROWS: readonly Row[] = [
  ['StringEquals', false, EQUALS],
  ['StringNotEquals', true, EQUALS],
  ['StringEqualsIgnoreCase', false, EQUALS_IGNORE_CASE],
  ['StringNotEqualsIgnoreCase', true, EQUALS_IGNORE_CASE],
  ['StringLike', false, LIKE],
  ['StringNotLike', true, LIKE],
  ['ArnEquals', false, ARN],
  ['ArnLike', false, ARN],
  ['ArnNotEquals', true, ARN],
  ['ArnNotLike', true, ARN],
  ...orderedRows('Numeric', parseDecimal),
  ...orderedRows('Date', parseInstant),
  ['Bool', false, truth],
  ['BinaryEquals', false, { accepts: isBase64, compile: (values) => compileEquals(values, false, (text) => text) }],
  ['IpAddress', false, ipAddress],
  ['NotIpAddress', true, ipAddress],
  ['Null', false, truth],
];

/** By lower-case name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  ROWS.map(([name, negated, parts]) => [
    name.toLowerCase(),
    { name, family: name === 'Null' ? 'null' : 'compare', negated, ...parts },
  ]),
);
