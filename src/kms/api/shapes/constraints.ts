import type { StringShape } from './shape.ts';

/** What is wrong with one input, collected while it is read. */
export interface Faults {
  /** A value of the wrong JSON type, or text that does not decode: nothing after it matters. */
  serialization: string | undefined;
  readonly violations: string[];
}

/** More than this says nothing new, and an answer must not outgrow its request. */
export const MAX_VIOLATIONS = 10;
const MAX_ECHO_CHARS = 256;

const shorten = (value: string): string =>
  // A cut between surrogates would leave text that has no UTF-8.
  value.length <= MAX_ECHO_CHARS ? value : `${value.slice(0, MAX_ECHO_CHARS).toWellFormed()}...`;

/** `value` as the refusal shows it; undefined where it must not be shown. */
export function violate(faults: Faults, path: string, value: string | undefined, constraint: string): void {
  if (faults.violations.length >= MAX_VIOLATIONS) return;
  const shown = value === undefined ? 'Value' : `Value '${shorten(value)}'`;
  faults.violations.push(`${shown} at '${path}' failed to satisfy constraint: ${constraint}`);
}

export function violateNull(faults: Faults, path: string): void {
  if (faults.violations.length >= MAX_VIOLATIONS) return;
  faults.violations.push(`Value null at '${path}' failed to satisfy constraint: ${NOT_NULL}`);
}

export const NOT_NULL = 'Member must not be null';
export const minLength = (min: number): string => `Member must have length greater than or equal to ${min}`;
export const maxLength = (max: number): string => `Member must have length less than or equal to ${max}`;
export const minValue = (min: number): string => `Member must have value greater than or equal to ${min}`;
export const maxValue = (max: number): string => `Member must have value less than or equal to ${max}`;
const matches = (pattern: string): string => `Member must satisfy regular expression pattern: ${pattern}`;
const isOneOf = (values: readonly string[]): string => `Member must satisfy enum value set: [${values.join(', ')}]`;

/** One rule of a string: whether it holds, and how AWS words it. */
export interface Rule {
  readonly holds: (value: string) => boolean;
  readonly text: string;
}

export function rulesOf(shape: StringShape): readonly Rule[] {
  const { min = 0, max, pattern, values } = shape;
  const rules: Rule[] = [];
  if (max !== undefined) rules.push({ holds: (value) => value.length <= max, text: maxLength(max) });
  if (min > 0) rules.push({ holds: (value) => value.length >= min, text: minLength(min) });
  if (pattern !== undefined) {
    const whole = new RegExp(`^(?:${pattern})$`);
    // Too long is another rule's finding; a pattern is never run over more than it was meant for.
    rules.push({ holds: (value) => value.length > (max ?? 0) || whole.test(value), text: matches(pattern) });
  }
  if (values !== undefined) {
    const known = new Set(values);
    rules.push({ holds: (value) => known.has(value), text: isOneOf(values) });
  }
  return rules;
}
