/** A value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, no white space, ECMAScript numbers and
 * strings. Undefined members are left out, as JSON.stringify does.
 *
 * @throws TypeError for what has no canonical form: NaN, infinities, lone surrogates, functions, bigints, and objects
 *   that are more than their members (a Buffer would print its bytes, a Date or a Map nothing).
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('A number without a JSON form: NaN or infinite');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>);
    default:
      throw new TypeError(`A ${typeof value} has no JSON form`);
  }
}

/** Text that is written as it stands: printable ASCII but for the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

function canonicalString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`; // nearly all of an event, at half the price
  if (!text.isWellFormed()) throw new TypeError('A string with a lone surrogate has no canonical form');
  return JSON.stringify(text);
}

function canonicalArray(items: readonly unknown[]): string {
  let out = '[';
  for (let at = 0; at < items.length; at += 1) out += (at === 0 ? '' : ',') + canonicalJson(items[at]);
  return `${out}]`;
}

const remembered = new WeakMap<object, string>();

/**
 * Writes a value's form once for all the times it will be part of another: for objects that nobody changes, such as the actor
 * of many calls. Returns the object, frozen, since a later change would not be written. Objects inside it are not frozen.
 */
export function rememberCanonical<T extends object>(object: T): T {
  remembered.set(object, canonicalJson(object));
  return Object.freeze(object);
}

function canonicalObject(object: Record<string, unknown>): string {
  const known = remembered.get(object);
  if (known !== undefined) return known;
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('Only a plain object has a JSON form');
  const names = Object.keys(object);
  // Default sort compares UTF-16 code units, which is what section 3.2.3 asks for.
  if (names.length > 1) names.sort();
  let out = '{';
  for (const name of names) {
    const value = object[name];
    if (value === undefined) continue;
    out += `${out === '{' ? '' : ','}${canonicalString(name)}:${canonicalJson(value)}`;
  }
  return `${out}}`;
}
