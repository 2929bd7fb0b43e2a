import type { Decision } from '../../events/index.ts';
import { actionNamed, type Action } from './actions.ts';
import {
  isInForce,
  rowFor,
  verdictOf,
  type Authorisation,
  type CompiledPolicy,
  type CompiledStatement,
} from './compile.ts';
import type { ConditionContext } from './condition-context.ts';
import { grantStanding, type GrantFacts } from './grant.ts';
import { STANDING, isDenied, standingOf, type Principal, type Standing } from './principal.ts';

/** One question: may this principal do this to this resource? */
export interface AuthorisationRequest {
  /** `kms:Encrypt`. ReEncrypt asks twice: `kms:ReEncryptFrom` and `kms:ReEncryptTo`, each with its encryption context. */
  readonly action: string;
  readonly principal: Principal;
  /** ARN of the key; of the alias, for the alias's half of CreateAlias and its like; `*` where the action has no resource. */
  readonly resource: string;
  /** Both for a key, neither for anything else: what has no key policy is governed by IAM alone. */
  readonly keyAccount?: string;
  readonly keyPolicy?: CompiledPolicy;
  readonly identityPolicies: readonly CompiledPolicy[];
  readonly permissionBoundary?: CompiledPolicy;
  /** Together they bound a session: one of them must allow. None at all means no bound. */
  readonly sessionPolicies?: readonly CompiledPolicy[];
  /** Grants on this key; those of other grantees are ignored, so pass those under `granteesOf(principal)`. */
  readonly grants?: Iterable<GrantFacts>;
  readonly context: ConditionContext;
}

const NO_ROWS: readonly CompiledPolicy[] = [];
const implicitly = (by: Decision['by']): Authorisation =>
  Object.freeze({ allowed: false, decision: Object.freeze({ effect: 'deny', by } as const), denial: 'implicit' });
const DENIED = implicitly('implicit');
const OUTSIDE_BOUNDARY = implicitly('permission-boundary');
const OUTSIDE_SESSION = implicitly('session-policy');
/** The root user may do in his own account all that no key policy governs. */
const ROOT_MAY: Authorisation = Object.freeze({
  allowed: true,
  decision: Object.freeze({ effect: 'allow', by: 'implicit' } as const),
});

/**
 * Decides as AWS documents it for KMS: an explicit denial anywhere wins, over grants too. In the key's own account the
 * key policy must name the principal, or name the account and let IAM allow; in another account the key policy and the
 * caller's IAM must both allow, and only operations open to other accounts count. A grant allows by itself. Nothing is
 * implied: neither the owner of a key nor the root of its account has a right that the key policy does not give.
 */
export function authorise(request: AuthorisationRequest): Authorisation {
  const denial = explicitDenial(request);
  if (denial !== undefined) return denial;
  const { keyPolicy, keyAccount, principal } = request;
  if (keyPolicy === undefined || keyAccount === undefined) {
    // Half a key is a caller's mistake; it must not fall to IAM alone.
    if (keyPolicy !== undefined || keyAccount !== undefined) return DENIED;
    return byIam(request);
  }
  const action = actionNamed(request.action);
  const foreign = principal.account !== keyAccount;
  if (foreign && action?.crossAccount !== true) return DENIED;
  const byPolicy = byKeyPolicy(request, keyPolicy, foreign);
  if (byPolicy.allowed || action === undefined) return byPolicy;
  return byGrant(request, action) ?? byPolicy;
}

function explicitDenial(request: AuthorisationRequest): Authorisation | undefined {
  const { keyPolicy, permissionBoundary: boundary, sessionPolicies = NO_ROWS } = request;
  let denying = keyPolicy === undefined ? undefined : denyingStatement(keyPolicy, request);
  if (denying !== undefined) return denying.verdict;
  for (const policy of request.identityPolicies) {
    denying = denyingStatement(policy, request);
    if (denying !== undefined) return denying.verdict;
  }
  denying = boundary === undefined ? undefined : denyingStatement(boundary, request);
  if (denying !== undefined) return verdictOf('Deny', 'permission-boundary', denying.label, boundary?.digest);
  for (const policy of sessionPolicies) {
    denying = denyingStatement(policy, request);
    if (denying !== undefined) return verdictOf('Deny', 'session-policy', denying.label, policy.digest);
  }
  return undefined;
}

function denyingStatement(
  policy: CompiledPolicy,
  { action, principal, resource, context }: AuthorisationRequest,
): CompiledStatement | undefined {
  for (const statement of rowFor(policy, action).deny) {
    const { principals } = statement;
    if ((principals === undefined || isDenied(principals, principal)) && isInForce(statement, resource, context))
      return statement;
  }
  return undefined;
}

function byKeyPolicy(request: AuthorisationRequest, policy: CompiledPolicy, foreign: boolean): Authorisation {
  const { action, principal, resource, context } = request;
  let best: Standing = STANDING.none;
  let naming: CompiledStatement | undefined;
  for (const statement of rowFor(policy, action).allow) {
    const standing = statement.principals === undefined ? STANDING.none : standingOf(statement.principals, principal);
    if (standing <= best || !isInForce(statement, resource, context)) continue;
    best = standing;
    naming = statement;
    if (best === STANDING.direct) break;
  }
  if (naming === undefined) return DENIED;
  // Across accounts both sides decide; the statement of the key's owner is the one to record.
  if (foreign) return allowedIf(byIam(request), naming.verdict);
  if (best === STANDING.direct || principal.type === 'root') return naming.verdict;
  if (best === STANDING.role) return bounded(request) ?? naming.verdict;
  return byIam(request);
}

function byGrant(request: AuthorisationRequest, action: Action): Authorisation | undefined {
  const { grants, principal, context } = request;
  if (grants === undefined) return undefined;
  for (const grant of grants) {
    const standing = grantStanding(grant, action, principal, context.encryptionContext);
    if (standing === STANDING.none) continue;
    const verdict: Authorisation = {
      allowed: true,
      decision: { effect: 'allow', by: 'grant', grantId: grant.grantId },
    };
    if (standing === STANDING.direct || principal.type === 'root') return verdict;
    const limit = standing === STANDING.role ? bounded(request) : undefined;
    const answer = limit ?? (standing === STANDING.role ? verdict : allowedIf(byIam(request), verdict));
    if (answer.allowed) return answer;
  }
  return undefined;
}

const allowedIf = (condition: Authorisation, verdict: Authorisation): Authorisation =>
  condition.allowed ? verdict : condition;

/** What the caller's own account allows him: an identity policy, within boundary and session policies. */
function byIam(request: AuthorisationRequest): Authorisation {
  if (request.principal.type === 'root') return ROOT_MAY;
  for (const policy of request.identityPolicies) {
    const allowing = allowingStatement(policy, request);
    if (allowing !== undefined) return bounded(request) ?? allowing.verdict;
  }
  return DENIED;
}

/** The refusal of whatever bounds the caller and does not allow; undefined when nothing stands in the way. */
function bounded(request: AuthorisationRequest): Authorisation | undefined {
  const { permissionBoundary: boundary, sessionPolicies = NO_ROWS } = request;
  if (boundary !== undefined && allowingStatement(boundary, request) === undefined) return OUTSIDE_BOUNDARY;
  if (sessionPolicies.length === 0) return undefined;
  for (const policy of sessionPolicies) if (allowingStatement(policy, request) !== undefined) return undefined;
  return OUTSIDE_SESSION;
}

function allowingStatement(
  policy: CompiledPolicy,
  { action, resource, context }: AuthorisationRequest,
): CompiledStatement | undefined {
  // A key policy in the place of an identity policy allows nothing: its principals would go unread.
  if (policy.kind === 'key') return undefined;
  for (const statement of rowFor(policy, action).allow) if (isInForce(statement, resource, context)) return statement;
  return undefined;
}

/**
 * The lockout safety check of CreateKey and PutKeyPolicy: with this key policy in force, could the caller put another?
 * The request is the caller's own; its action and key policy do not matter.
 */
export function keepsCallerIn(
  policy: CompiledPolicy,
  request: Omit<AuthorisationRequest, 'action' | 'keyPolicy'>,
): boolean {
  return authorise({ ...request, action: 'kms:PutKeyPolicy', keyPolicy: policy }).allowed;
}
