import type { Decision } from '../../events/index.ts';
import { ACTIONS, actionNamed } from './actions.ts';
import { compileArnPattern } from './arn-pattern.ts';
import { compileCondition, type CompiledCondition } from './condition.ts';
import type { ConditionContext } from './condition-context.ts';
import { compileGlob } from './glob.ts';
import type { Patterns, Policy, PolicyKind, Statement } from './policy.ts';
import { compilePrincipals, type CompiledPrincipals } from './principal.ts';
import { fixedTokens, parseTemplate, type Matcher } from './template.ts';

/** The answer to one request. Shared between requests and frozen: events may hold it, nobody may change it. */
export interface Authorisation {
  readonly allowed: boolean;
  /** What decided, for the event. Of it the caller learns no more than `denial`. */
  readonly decision: Decision;
  /** Only of a refusal: a statement that denies, or no statement that allows. */
  readonly denial?: 'explicit' | 'implicit';
}

export interface CompiledStatement {
  readonly label: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in identity policies. */
  readonly principals: CompiledPrincipals | undefined;
  readonly coversAction: (lowerName: string) => boolean;
  /** Undefined when the statement is about every resource. */
  readonly coversResource: Matcher | undefined;
  readonly conditions: readonly CompiledCondition[];
  /** What is answered when this statement decides. */
  readonly verdict: Authorisation;
}

/** The statements of a policy that can matter to one action. */
export interface Row {
  readonly allow: readonly CompiledStatement[];
  readonly deny: readonly CompiledStatement[];
}

/** A policy made ready for evaluation; immutable, so it can be cached for as long as its version lives. */
export interface CompiledPolicy {
  readonly kind: PolicyKind;
  /** SHA-256 of the document, as the caller computed it. */
  readonly digest: string | undefined;
  readonly statements: readonly CompiledStatement[];
  /** By `Action.index`. */
  readonly rows: readonly Row[];
}

/** Compiles a policy, once per version. `digest` is what decisions name the policy by. */
export function compilePolicy(policy: Policy, digest?: string): CompiledPolicy {
  const statements = policy.statements
    .map((statement) => compileStatement(statement, policy, digest))
    .filter((statement) => statement !== undefined);
  // Most actions share one of a few rows: a policy of a hundred keys' worth of statements stays small.
  const interned = new Map<string, Row>();
  const rows = ACTIONS.map(({ name }) => {
    const lowerName = name.toLowerCase();
    const covered = statements.map((statement) => (statement.coversAction(lowerName) ? '1' : '0')).join('');
    const row = interned.get(covered) ?? rowOf(statements.filter((_, index) => covered[index] === '1'));
    interned.set(covered, row);
    return row;
  });
  return { kind: policy.kind, digest, statements, rows };
}

const rowOf = (statements: readonly CompiledStatement[]): Row => ({
  allow: statements.filter(({ effect }) => effect === 'Allow'),
  deny: statements.filter(({ effect }) => effect === 'Deny'),
});

/** The row of an action; one that KMS does not have is looked up statement by statement. */
export function rowFor(policy: CompiledPolicy, name: string): Row {
  const row = policy.rows[actionNamed(name)?.index ?? -1];
  return row ?? rowOf(policy.statements.filter(({ coversAction }) => coversAction(name.toLowerCase())));
}

/** Undefined for a statement without Action or Resource, which has no effect. */
function compileStatement(
  statement: Statement,
  policy: Policy,
  digest: string | undefined,
): CompiledStatement | undefined {
  const { label, effect, principals, actions, resources } = statement;
  if (actions === undefined || resources === undefined) return undefined;
  const by = policy.kind === 'key' ? 'key-policy' : 'iam-policy';
  return {
    label,
    effect,
    principals: principals === undefined ? undefined : compilePrincipals(principals),
    coversAction: compileActions(actions),
    coversResource: compileResources(resources, policy),
    conditions: statement.conditions.map((condition) => compileCondition(condition, statement, policy)),
    verdict: verdictOf(effect, by, label, digest),
  };
}

/** The answer that a statement gives when it decides. */
export function verdictOf(
  effect: 'Allow' | 'Deny',
  by: Decision['by'],
  label: string,
  digest: string | undefined,
): Authorisation {
  const policyDigest = digest === undefined ? {} : { policyDigest: digest };
  const allowed = effect === 'Allow';
  const decision = Object.freeze({ effect: allowed ? 'allow' : 'deny', by, sid: label, ...policyDigest } as const);
  return Object.freeze(allowed ? { allowed, decision } : { allowed, decision, denial: 'explicit' as const });
}

function compileActions({ negated, patterns }: Patterns): (lowerName: string) => boolean {
  const globs = patterns.map((pattern) =>
    compileGlob(fixedTokens(parseTemplate(pattern.toLowerCase(), { wildcards: true, variables: false })) ?? []),
  );
  return (lowerName) => globs.some((matches) => matches(lowerName)) !== negated;
}

function compileResources({ negated, patterns }: Patterns, policy: Policy): Matcher | undefined {
  if (patterns.includes('*')) return negated ? () => false : undefined;
  const variables = policy.version === '2012-10-17';
  const matchers = patterns.map((pattern) => compileArnPattern(parseTemplate(pattern, { wildcards: true, variables })));
  return (arn, context) => matchers.some((matches) => matches(arn, context)) !== negated;
}

/** Whether the statement is about this resource and all of its conditions hold. */
export function isInForce(statement: CompiledStatement, resource: string, context: ConditionContext): boolean {
  if (statement.coversResource?.(resource, context) === false) return false;
  for (const holds of statement.conditions) if (!holds(context)) return false;
  return true;
}
