import type { Principals } from './policy.ts';

/** Who asks, as the signature proved it. */
export interface Principal {
  /** For a role session, the ARN of the session: `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly arn: string;
  readonly account: string;
  readonly type: 'root' | 'user' | 'role' | 'assumed-role';
  /** Of a role session: the role, with its path. */
  readonly roleArn?: string;
  /** Tags of the user, of the role and of the session. */
  readonly tags?: Readonly<Record<string, string>>;
  /** `aws:userid`: unique id of the user, or `<role id>:<session>`. */
  readonly uniqueId?: string;
}

/**
 * How a statement of a key policy names a principal, from least to most. `account`: the account may give the permission
 * on by its IAM policies. `role`: by the role of the session, within its boundary and session policies. `direct`: as a
 * user, as this very session, or as anyone; implicit denials elsewhere do not matter. Source: IAM User Guide, "Policy
 * evaluation logic", resource-based policies.
 */
export const STANDING = { none: 0, account: 1, role: 2, direct: 3 } as const;
export type Standing = (typeof STANDING)[keyof typeof STANDING];

export interface CompiledPrincipals {
  readonly negated: boolean;
  readonly anyone: boolean;
  readonly accounts: ReadonlySet<string>;
  readonly arns: ReadonlySet<string>;
}

/** Services and federated providers are left out: no caller of ours is one. */
export const compilePrincipals = (principals: Principals): CompiledPrincipals => ({
  negated: principals.negated,
  anyone: principals.anyone,
  accounts: new Set(principals.accounts),
  arns: new Set(principals.arns),
});

/** What an Allow with these principals is worth to the caller. `NotPrincipal` names everyone but those it covers at all. */
export function standingOf(principals: CompiledPrincipals, caller: Principal): Standing {
  if (!principals.negated) return namedStanding(principals, caller);
  return namedStanding(principals, caller) === STANDING.none ? STANDING.direct : STANDING.none;
}

function namedStanding({ anyone, accounts, arns }: CompiledPrincipals, caller: Principal): Standing {
  if (anyone) return STANDING.direct;
  if (arns.size > 0) {
    if (arns.has(caller.arn)) return caller.type === 'role' ? STANDING.role : STANDING.direct;
    if (caller.roleArn !== undefined && arns.has(caller.roleArn)) return STANDING.role;
  }
  return accounts.has(caller.account) ? STANDING.account : STANDING.none;
}

/**
 * Whether a Deny with these principals hits the caller. To be spared by `NotPrincipal`, all that the caller is must be
 * listed: "AWS might validate the account first, then the role, and then the assumed-role user".
 */
export function isDenied(principals: CompiledPrincipals, caller: Principal): boolean {
  if (!principals.negated) return namedStanding(principals, caller) !== STANDING.none;
  const { anyone, accounts, arns } = principals;
  if (anyone) return false;
  if (!accounts.has(caller.account)) return true;
  if (caller.type === 'root') return false;
  return !arns.has(caller.arn) || (caller.roleArn !== undefined && !arns.has(caller.roleArn));
}
