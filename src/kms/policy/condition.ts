import type { ConditionContext, ContextValue } from './condition-context.ts';
import { OPERATORS } from './operators.ts';
import type { Condition, Policy, Statement } from './policy.ts';
import type { Matcher } from './template.ts';

/** Whether the condition holds for a request. */
export type CompiledCondition = (context: ConditionContext) => boolean;

/** "kms:ResourceAliases ... IAM policies only": a key policy sees no such key. */
const NOT_IN_KEY_POLICIES = new Set(['kms:resourcealiases']);

/**
 * Compiles one condition. What the documentation leaves open is read so that it gives less: an Allow holds only where
 * each value of a list satisfies it, a Deny where any does (a list needs a set operator, but one can be missing); and
 * `ForAnyValue:...IfExists` on an absent key holds only in a Deny, because IAM was seen not to allow by it.
 */
export function compileCondition(condition: Condition, statement: Statement, policy: Policy): CompiledCondition {
  const operator = OPERATORS.get(condition.operator.toLowerCase());
  if (operator === undefined) throw new Error(`Bug: no such condition operator: ${condition.operator}`);
  const { key, quantifier, ifExists } = condition;
  const hidden = policy.kind === 'key' && NOT_IN_KEY_POLICIES.has(key);
  const valueOf = hidden
    ? (): ContextValue => undefined
    : (context: ConditionContext): ContextValue => context.get(key);
  if (operator.family === 'null') return compileNull(condition.values, valueOf);

  const matches = operator.compile(condition.values, policy.version === '2012-10-17');
  const { negated } = operator;
  const whenAbsent = ifExists
    ? quantifier !== 'any' || statement.effect === 'Deny'
    : quantifier === undefined
      ? negated
      : quantifier === 'all';
  const every = quantifier === 'all' || (quantifier === undefined && statement.effect === 'Allow');
  return (context) => {
    const value = valueOf(context);
    // "Key values [that] resolve to a null data set, such as an empty string" are nothing to a set operator.
    if (value === undefined || (value.length === 0 && (value !== '' || quantifier !== undefined))) return whenAbsent;
    if (typeof value === 'string') return matches(value, context) !== negated;
    return holdsForList(value, context, matches, negated, every);
  };
}

function holdsForList(
  values: readonly string[],
  context: ConditionContext,
  matches: Matcher,
  negated: boolean,
  every: boolean,
): boolean {
  for (const value of values) if ((matches(value, context) !== negated) !== every) return !every;
  return every;
}

/** `true`: the key must be absent; `false`: it must be there with a value. */
function compileNull(
  values: readonly string[],
  valueOf: (context: ConditionContext) => ContextValue,
): CompiledCondition {
  const wanted = new Set(values.map((value) => value.toLowerCase() === 'true'));
  return (context) => {
    const value = valueOf(context);
    return wanted.has(value === undefined || (typeof value !== 'string' && value.length === 0));
  };
}
