import type { GrantConstraints, GrantFacts } from './grant.ts';

/** What a grant would give, without saying to whom. */
export type GrantTerms = Pick<GrantFacts, 'operations' | 'constraints'>;

/**
 * Whether the holder of a grant may make another one of these terms by it: no operation that the parent does not give, and under
 * constraints that let through nothing the parent's would stop. Source: AWS KMS Developer Guide, "Granting CreateGrant permission".
 */
export const mayHandOn = (parent: GrantFacts, child: GrantTerms): boolean =>
  parent.operations.includes('CreateGrant') &&
  child.operations.every((operation) => parent.operations.includes(operation)) &&
  isAsStrict(parent.constraints ?? {}, child.constraints ?? {});

function isAsStrict(parent: GrantConstraints, child: GrantConstraints): boolean {
  const exact = child.encryptionContextEquals ?? {};
  const wanted = Object.entries(parent.encryptionContextEquals ?? {});
  const hasSameEquals =
    wanted.length === 0 || (wanted.length === Object.keys(exact).length && wanted.every(isIn(exact)));
  const included = Object.entries(parent.encryptionContextSubset ?? {});
  const isInExact = isIn(exact);
  const isInSubset = isIn(child.encryptionContextSubset ?? {});
  return hasSameEquals && included.every((pair) => isInExact(pair) || isInSubset(pair));
}

const isIn =
  (pairs: Readonly<Record<string, string>>) =>
  ([key, value]: readonly [string, string]): boolean =>
    Object.hasOwn(pairs, key) && pairs[key] === value;
