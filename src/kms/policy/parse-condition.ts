import { OPERATORS } from './operators.ts';
import { isObject, malformed, read, type Condition, type PolicyKind, type Read } from './policy.ts';

const QUALIFIED = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/;
const KEY = /^[A-Za-z0-9-]+:./;

/** Keys that hold one value, and on which `ForAllValues` would match every request that lacks them. */
const SINGLE_VALUED = ['kms:encryptioncontext:', 'aws:requesttag/'];

/** The Condition element: operators, each over condition keys, each with the values that satisfy it. */
export function parseConditions(element: unknown, kind: PolicyKind): Read<readonly Condition[]> {
  if (!isObject(element)) return malformed('Syntax errors in policy: Condition must be an object.');
  const conditions: Condition[] = [];
  for (const [name, keys] of Object.entries(element)) {
    if (!isObject(keys))
      return malformed(`Syntax errors in policy: the condition operator ${name} must hold an object.`);
    for (const [key, value] of Object.entries(keys)) {
      const condition = parseCondition(name, key, value, kind);
      if (!condition.ok) return condition;
      conditions.push(condition.value);
    }
  }
  return read(conditions);
}

function parseCondition(name: string, key: string, value: unknown, kind: PolicyKind): Read<Condition> {
  const [, set, base, exists] = QUALIFIED.exec(name.toLowerCase()) ?? [];
  const operator = OPERATORS.get(base ?? '');
  if (operator === undefined || (operator.family === 'null' && exists !== undefined))
    return malformed(`Invalid Condition type : ${name}.`);
  if (!KEY.test(key)) return malformed(`Invalid condition key: ${key}.`);
  const values = scalars(value);
  if (values === undefined) return malformed(`Syntax errors in policy: invalid value for the condition key ${key}.`);
  const unusable = values.find((item) => !operator.accepts(item));
  if (unusable !== undefined)
    return malformed(`Invalid value for the condition operator ${name}: ${unusable.slice(0, 128)}.`);
  const lowerKey = key.toLowerCase();
  if (kind === 'key' && set === 'forallvalues' && SINGLE_VALUED.some((prefix) => lowerKey.startsWith(prefix)))
    return overlyPermissive(lowerKey);
  const quantifier = set === undefined ? undefined : set === 'forallvalues' ? 'all' : 'any';
  return read({ operator: operator.name, quantifier, ifExists: exists !== undefined, key: lowerKey, values });
}

/** Strings, numbers and booleans, alone or in a list, as strings; undefined for anything else. */
function scalars(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const usable = list.every(
    (item) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean',
  );
  return usable && list.length > 0 ? list.map(String) : undefined;
}

function overlyPermissive(key: string): Read<never> {
  const what = key.startsWith('aws:') ? 'tag' : 'encryption context';
  return malformed(
    'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests ' +
      `without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`,
  );
}
