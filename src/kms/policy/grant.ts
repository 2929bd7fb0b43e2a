import type { Action } from './actions.ts';
import { STANDING, type Principal, type Standing } from './principal.ts';

/** What authorisation needs to know of a grant on the key in question. */
export interface GrantFacts {
  readonly grantId: string;
  /** ARN of the grantee principal; of an account, the ARN of its root. */
  readonly grantee: string;
  readonly operations: readonly string[];
  readonly constraints?: GrantConstraints;
}

/** An empty map is treated as not specified. */
export interface GrantConstraints {
  readonly encryptionContextEquals?: Readonly<Record<string, string>>;
  readonly encryptionContextSubset?: Readonly<Record<string, string>>;
}

/** The grantees by which a principal's grants are found, so that one of 50,000 grants costs a look-up and no walk. */
export function granteesOf(principal: Principal): readonly string[] {
  const account = accountRoot(principal);
  const names = principal.roleArn === undefined ? [principal.arn] : [principal.arn, principal.roleArn];
  return names.includes(account) ? names : [...names, account];
}

const accountRoot = ({ arn, account }: Principal): string =>
  `${arn.slice(0, arn.indexOf(':', 4))}:iam::${account}:root`;

/** What the grant is worth to the caller for this action and encryption context. */
export function grantStanding(
  grant: GrantFacts,
  action: Action,
  principal: Principal,
  encryptionContext: Readonly<Record<string, string>> | undefined,
): Standing {
  const standing = granteeStanding(grant.grantee, principal);
  if (standing === STANDING.none || action.grantOperation === undefined) return STANDING.none;
  if (!grant.operations.includes(action.grantOperation)) return STANDING.none;
  return meetsConstraints(grant.constraints, action, encryptionContext ?? {}) ? standing : STANDING.none;
}

function granteeStanding(grantee: string, principal: Principal): Standing {
  if (grantee === principal.arn) return principal.type === 'role' ? STANDING.role : STANDING.direct;
  if (grantee === principal.roleArn) return STANDING.role;
  return grantee.endsWith(':root') && grantee === accountRoot(principal) ? STANDING.account : STANDING.none;
}

/**
 * Both constraints compare keys and values exactly. The guide and the API reference disagree on the case of keys; this
 * is the stricter reading.
 */
function meetsConstraints(
  constraints: GrantConstraints | undefined,
  action: Action,
  given: Readonly<Record<string, string>>,
): boolean {
  const equals = Object.entries(constraints?.encryptionContextEquals ?? {});
  const subset = Object.entries(constraints?.encryptionContextSubset ?? {});
  if (action.constraint === 'ignored' || (equals.length === 0 && subset.length === 0)) return true;
  if (action.constraint === 'unmeetable') return false;
  const includes = ([key, value]: readonly [string, string]): boolean =>
    Object.hasOwn(given, key) && given[key] === value;
  const hasAllEqual = equals.length === 0 || (equals.length === Object.keys(given).length && equals.every(includes));
  return hasAllEqual && subset.every(includes);
}
