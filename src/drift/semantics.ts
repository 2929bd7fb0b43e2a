import { canonicalJson } from '../base/index.ts';
import { parsePolicy, type Condition, type Patterns, type Principals, type Statement } from '../kms/policy/index.ts';

/** One statement by its meaning: what two spellings of the same permission have in common. */
export interface Permission {
  /** Equal for statements that say the same. */
  readonly form: string;
  /** The statement as its author named it. */
  readonly label: string;
  /** An Allow for everybody, or for an account other than the key's. */
  readonly opensTo: (account: string) => boolean;
}

const sorted = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();

const principalsForm = ({ negated, anyone, accounts, arns, services, federated }: Principals): unknown => ({
  negated,
  anyone,
  accounts: sorted(accounts),
  arns: sorted(arns),
  services: sorted(services),
  federated: sorted(federated),
});

const patternsForm = ({ negated, patterns }: Patterns, fold: (pattern: string) => string): unknown => ({
  negated,
  patterns: sorted(patterns.map(fold)),
});

const conditionForm = ({ operator, quantifier, ifExists, key, values }: Condition): string =>
  canonicalJson([operator, quantifier ?? '', ifExists, key, sorted(values)]);

function permissionOf({ label, effect, principals, actions, resources, conditions }: Statement): Permission {
  const form = canonicalJson({
    effect,
    principals: principals === undefined ? null : principalsForm(principals),
    // Names of actions are not case-sensitive; resources are.
    actions: actions === undefined ? null : patternsForm(actions, (action) => action.toLowerCase()),
    resources: resources === undefined ? null : patternsForm(resources, (resource) => resource),
    conditions: sorted(conditions.map(conditionForm)),
  });
  const opensTo = (account: string): boolean => {
    if (effect !== 'Allow' || principals === undefined) return false;
    const foreign = (arn: string): boolean => arn.split(':')[4] !== account;
    return (
      principals.anyone ||
      principals.negated ||
      principals.accounts.some((other) => other !== account) ||
      principals.arns.some(foreign)
    );
  };
  return { form, label, opensTo };
}

/** What a key policy says, in no order and without its names; undefined for a text that is not a key policy. */
export function permissionsOf(text: string): readonly Permission[] | undefined {
  const parsed = parsePolicy(text, 'key');
  return parsed.ok ? parsed.policy.statements.map(permissionOf) : undefined;
}

export interface PolicyDifference {
  /** In the actual policy, and not wanted. */
  readonly added: readonly Permission[];
  /** Wanted, and not in the actual policy. */
  readonly removed: readonly Permission[];
}

/** The difference in meaning: order, Sids, a single value or a list, and forms of an account are none. */
export function difference(desired: readonly Permission[], actual: readonly Permission[]): PolicyDifference {
  const without = (from: readonly Permission[], these: readonly Permission[]): readonly Permission[] => {
    const forms = new Set(these.map(({ form }) => form));
    return from.filter(({ form }) => !forms.has(form));
  };
  return { added: without(actual, desired), removed: without(desired, actual) };
}
