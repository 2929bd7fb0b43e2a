import { base64Bytes, decodeBase64 } from './base64.ts';
import * as limits from './constraints.ts';
import { MAX_VIOLATIONS, rulesOf, violate, violateNull, type Faults } from './constraints.ts';
import type { BlobShape, IntegerShape, ListShape, Shape, StringShape, StructureShape } from './shape.ts';

/** Checks and decodes one value that is neither null nor absent; what it finds wrong goes into `faults`. */
export type Check = (value: unknown, path: string, faults: Faults) => unknown;

/** A closure per shape, made once: nothing of the table is looked at when a request comes. */
export function compile(shape: Shape): Check {
  switch (shape.kind) {
    case 'string':
      return compileString(shape);
    case 'integer':
      return compileInteger(shape);
    case 'boolean':
      return (value, _path, faults) => (typeof value === 'boolean' ? value : mistype(faults, value, 'a Boolean'));
    case 'timestamp':
      return (value, _path, faults) => (isEpoch(value) ? value : mistype(faults, value, 'a Timestamp'));
    case 'blob':
      return compileBlob(shape);
    case 'list':
      return compileList(shape);
    case 'map':
      return checkMap;
    case 'structure':
      return compileStructure(shape);
  }
}

/** Year 9999, the last that RFC 3339 can write. */
const MAX_EPOCH_SECONDS = 253_402_300_799;
const isEpoch = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= MAX_EPOCH_SECONDS;

function mistype(faults: Faults, value: unknown, wanted: string): unknown {
  faults.serialization ??= `${nameOf(value)} can not be converted to ${wanted}`;
  return undefined;
}

/** The kind of a JSON value, never the value. */
function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'LIST_VALUE';
  return value === null ? 'NULL_VALUE' : `${typeof value === 'object' ? 'MAP' : typeof value}_VALUE`.toUpperCase();
}

/** JSON can carry a lone surrogate (\ud800); UTF-8, canonical JSON and so the journal cannot. */
function isText(value: unknown, faults: Faults): value is string {
  if (typeof value !== 'string') {
    mistype(faults, value, 'a String');
    return false;
  }
  if (!value.isWellFormed()) faults.serialization ??= 'A String holds a lone surrogate';
  return true;
}

function compileString(shape: StringShape): Check {
  const rules = rulesOf(shape);
  const shown = shape.sensitive !== true;
  return (value, path, faults) => {
    if (!isText(value, faults)) return undefined;
    for (const rule of rules) {
      if (!rule.holds(value)) violate(faults, path, shown ? value : undefined, rule.text);
    }
    return value;
  };
}

function compileInteger({ min, max }: IntegerShape): Check {
  return (value, path, faults) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return mistype(faults, value, 'an Integer');
    if (value < min) violate(faults, path, String(value), limits.minValue(min));
    else if (value > max) violate(faults, path, String(value), limits.maxValue(max));
    return value;
  };
}

function compileBlob({ min, max }: BlobShape): Check {
  return (value, path, faults) => {
    if (typeof value !== 'string') return mistype(faults, value, 'a Blob');
    const sizeBytes = base64Bytes(value);
    if (sizeBytes === undefined) {
      faults.serialization ??= `Invalid base64 at '${path}'`;
      return undefined;
    }
    if (sizeBytes < min) violate(faults, path, undefined, limits.minLength(min));
    else if (sizeBytes > max) violate(faults, path, undefined, limits.maxLength(max));
    else return decodeBase64(value, sizeBytes);
    return undefined;
  };
}

function compileList(shape: ListShape): Check {
  const { of, min = 0, max = Infinity } = shape;
  const read = of.kind === 'string' ? compileTexts(of) : compileItems(of);
  return (value, path, faults) => {
    if (!Array.isArray(value)) return mistype(faults, value, 'a List');
    const items: readonly unknown[] = value;
    // Only the number: what is in a list may be long, or nobody's business.
    if (items.length < min) violate(faults, path, undefined, limits.minLength(min));
    if (items.length > max) {
      violate(faults, path, undefined, limits.maxLength(max));
      return undefined;
    }
    return read(items, path, faults);
  };
}

type ReadItems = (items: readonly unknown[], path: string, faults: Faults) => unknown;

/** AWS reports a bad string of a list once, for the list, with every rule a member is under. */
function compileTexts(of: StringShape): ReadItems {
  const rules = rulesOf(of);
  const inside = `Member must satisfy constraint: [${[...rules.map((rule) => rule.text), limits.NOT_NULL].join(', ')}]`;
  return (items, path, faults) => {
    for (const item of items) {
      if (item !== null && !isText(item, faults)) return undefined;
      if (item !== null && rules.every((rule) => rule.holds(item))) continue;
      // An unknown word of an enum is shown; free text, such as a grant token, is not.
      violate(faults, path, of.values === undefined || item === null ? undefined : `[${item}]`, inside);
      return undefined;
    }
    return items;
  };
}

function compileItems(of: Shape): ReadItems {
  const check = compile(of);
  return (items, path, faults) => {
    const out: unknown[] = [];
    for (const [at, item] of items.entries()) {
      const itemPath = `${path}.${at + 1}.member`;
      if (item === null) violateNull(faults, itemPath);
      else out.push(check(item, itemPath, faults));
      if (faults.serialization !== undefined || faults.violations.length >= MAX_VIOLATIONS) return undefined;
    }
    return out;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const checkMap: Check = (value, path, faults) => {
  if (!isObject(value)) return mistype(faults, value, 'a Map');
  // Without a prototype `map['constructor']` is absent, as it should be, wherever the map travels.
  const out = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(value)) {
    const item = value[name];
    // AWS takes the name; copying and validating libraries on the way drop it in silence, and evidence with it.
    if (name === '__proto__') violate(faults, path, undefined, 'Map keys must not be __proto__');
    else if (item === null) {
      violate(faults, path, undefined, `Map value must satisfy constraint: [${limits.NOT_NULL}]`);
    } else if (isText(name, faults) && isText(item, faults)) out[name] = item;
    if (faults.serialization !== undefined || faults.violations.length > 0) return undefined;
  }
  return out;
};

/** `KeyId` is called `keyId` in a refusal. */
const fieldOf = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function compileStructure(shape: StructureShape): Check {
  const parts = [
    ...Object.entries(shape.required).map(([name, of]) => ({ name, of, required: true })),
    ...Object.entries(shape.optional).map(([name, of]) => ({ name, of, required: false })),
  ].map(({ name, of, required }) => ({ name, required, field: fieldOf(name), check: compile(of) }));
  return (value, path, faults) => {
    if (!isObject(value)) return mistype(faults, value, 'a Structure');
    const out: Record<string, unknown> = {};
    for (const { name, required, field, check } of parts) {
      const item = value[name];
      // Members that are not of the table are never looked at; null is absent, as AWS reads it.
      if (item !== undefined && item !== null) {
        out[name] = check(item, path === '' ? field : `${path}.${field}`, faults);
        if (faults.serialization !== undefined) return undefined;
      } else if (required) violateNull(faults, path === '' ? field : `${path}.${field}`);
    }
    return out;
  };
}
