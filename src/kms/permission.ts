import type { StateView } from '../journal/index.ts';
import {
  aliasArn,
  parseKmsArn,
  refusal,
  type Key,
  type Principal as KnownPrincipal,
  type Refusal,
} from './domain/index.ts';
import {
  authorise,
  compilePolicy,
  conditionContext,
  keepsCallerIn,
  parsePolicy,
  type AuthorisationRequest,
  type CompiledPolicy,
  type ConditionContext,
  type ContextValue,
  type GrantFacts,
  type Principal,
} from './policy/index.ts';
import type { Call, Conditions, Notes } from './call.ts';
import { grantsOf, refuseGrantTokens } from './caller-grants.ts';
import type { Keyring } from './crypto/index.ts';
import { digestOf, policyOf } from './documents.ts';

/** What a caller may do, asked as often as an operation needs; the last answer is noted for the event. */
export class Permission {
  readonly #state: StateView;
  readonly #call: Call;
  readonly #notes: Notes;
  readonly #nowUs: number;
  readonly #keyring: Keyring;

  constructor(state: StateView, call: Call, notes: Notes, nowUs: number, keyring: Keyring) {
    this.#state = state;
    this.#call = call;
    this.#notes = notes;
    this.#nowUs = nowUs;
    this.#keyring = keyring;
  }

  /** Undefined when allowed; otherwise the refusal, which tells the caller the class of the denial and nothing of the policy. */
  refuse(
    action: string,
    resource: Key | string,
    extra?: Conditions,
    grants?: readonly GrantFacts[],
  ): Refusal | undefined {
    const forged = refuseGrantTokens(this.#keyring, this.#call.input['GrantTokens']);
    if (forged !== undefined) return forged;
    const { allowed, decision, denial } = authorise(this.#request(action, resource, extra, grants));
    this.#notes.decision = decision;
    if (allowed) return undefined;
    const { arn, account } = this.#call.caller.actor;
    const target = typeof resource === 'string' ? resource : resource.arn;
    const owner = typeof resource === 'string' ? parseKmsArn(resource)?.account : resource.account;
    if (owner !== undefined && owner !== account) return this.#refuseForeign(action, target);
    const based = typeof resource === 'string' ? 'identity-based' : 'resource-based';
    const why =
      denial === 'explicit'
        ? `with an explicit deny in ${decision.by === 'key-policy' ? 'a resource-based' : 'an identity-based'} policy`
        : `because no ${based} policy allows the ${action} action`;
    return refusal(
      'AccessDeniedException',
      `User: ${arn} is not authorized to perform: ${action} on resource: ${target} ${why}`,
    );
  }

  /** To another account a key that it may not use looks like one that is not there, under the name by which it was called. */
  #refuseForeign(action: string, target: string): Refusal {
    const { actor } = this.#call.caller;
    const { key } = this.#notes;
    const named = key?.alias === undefined ? target : aliasArn(key.region, key.account, key.alias);
    return refusal(
      'AccessDeniedException',
      `User: ${actor.arn} is not authorized to perform: ${action} on resource: ${named} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    );
  }

  keepsCallerIn(policy: CompiledPolicy, arn: string): boolean {
    const { actor } = this.#call.caller;
    return keepsCallerIn(policy, {
      ...this.#request('kms:PutKeyPolicy', arn, undefined),
      resource: arn,
      keyAccount: actor.account,
    });
  }

  #request(
    action: string,
    resource: Key | string,
    extra: Conditions | undefined,
    grants?: readonly GrantFacts[],
  ): AuthorisationRequest {
    const { principal: known } = this.#call.caller;
    const principal = principalOf(known);
    const identityPolicies = this.#identityPolicies(known);
    const key = typeof resource === 'string' ? undefined : resource;
    const context = new CallContext(this.#call, principal, key, this.#notes.key?.alias, this.#nowUs, extra);
    if (typeof resource === 'string') {
      const owner = parseKmsArn(resource)?.account;
      const request = { action, principal, resource, identityPolicies, context };
      // Another account's key that does not exist is asked about as one whose policy allows nothing.
      return owner === undefined || owner === known.account
        ? request
        : { ...request, keyAccount: owner, keyPolicy: SILENT };
    }
    const keyPolicy = policyOf(this.#state, resource.policyDigest, 'key') ?? NOTHING;
    const { arn, account: keyAccount, grantCount } = resource;
    const request = { action, principal, resource: arn, keyAccount, keyPolicy, identityPolicies, context };
    if (grants === undefined && grantCount === undefined) return request;
    const state = this.#state;
    return {
      ...request,
      // Looked up only if the policy does not decide.
      get grants() {
        return grants ?? grantsOf(state, resource, principal);
      },
    };
  }

  #identityPolicies({ policies }: KnownPrincipal): readonly CompiledPolicy[] {
    if (policies.length === 0) return NONE;
    return policies.map(({ digest }) => policyOf(this.#state, digest, 'identity') ?? DENY_ALL);
  }
}

/** The facts of a call for conditions, put together only when a statement has one. */
class CallContext implements ConditionContext {
  readonly #call: Call;
  readonly #principal: Principal;
  readonly #key: Key | undefined;
  readonly #alias: string | undefined;
  readonly #nowUs: number;
  readonly #extra: Conditions | undefined;
  #facts: ConditionContext | undefined;

  constructor(
    call: Call,
    principal: Principal,
    key: Key | undefined,
    alias: string | undefined,
    nowUs: number,
    extra: Conditions | undefined,
  ) {
    this.#call = call;
    this.#principal = principal;
    this.#key = key;
    this.#alias = alias;
    this.#nowUs = nowUs;
    this.#extra = extra;
  }

  get encryptionContext(): ConditionContext['encryptionContext'] {
    return this.#extra?.encryptionContext;
  }

  readonly get = (name: string): ContextValue => (this.#facts ??= this.#gather()).get(name);

  #gather(): ConditionContext {
    const { origin, region } = this.#call;
    const key = this.#key;
    return conditionContext({
      principal: this.#principal,
      timeMs: this.#nowUs / 1000,
      region,
      secureTransport: origin.tls !== undefined,
      ...(origin.ip === undefined ? {} : { sourceIp: origin.ip }),
      ...(origin.userAgent === undefined ? {} : { userAgent: origin.userAgent }),
      ...(key === undefined ? {} : conditionsOf(key)),
      ...(this.#alias === undefined ? {} : { requestAlias: this.#alias }),
      ...this.#extra,
    });
  }
}

const conditionsOf = (key: Key): Conditions => ({
  keySpec: key.spec,
  keyUsage: key.usage,
  keyOrigin: key.origin,
  multiRegion: key.multiRegion,
  resourceAliases: key.aliases,
  resourceTags: key.tags,
  resourceAccount: key.account,
});

const NONE: readonly CompiledPolicy[] = [];
const parsedConstant = (text: string, kind: 'key' | 'identity'): CompiledPolicy => {
  const parsed = parsePolicy(text, kind);
  if (!parsed.ok) throw new Error(`Bug: ${parsed.message}`);
  return compilePolicy(parsed.policy, digestOf(text));
};
/** Stands in for a key policy that cannot be read: nobody may. */
const NOTHING = parsedConstant(
  '{"Version":"2012-10-17","Statement":[{"Sid":"PolicyUnreadable","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}',
  'key',
);
/** The policy of a key that is not there. It speaks of no action that there is. */
const SILENT = parsedConstant(
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:NoAction","Resource":"*"}]}',
  'key',
);
/** Stands in for an identity policy that cannot be read: it might have denied. */
const DENY_ALL = parsedConstant(
  '{"Version":"2012-10-17","Statement":[{"Sid":"PolicyUnreadable","Effect":"Deny","Action":"*","Resource":"*"}]}',
  'identity',
);

const principals = new WeakMap<KnownPrincipal, Principal>();

/** A principal as authorisation sees it; the same object for the same principal. */
export function principalOf(known: KnownPrincipal): Principal {
  let principal = principals.get(known);
  if (principal === undefined) {
    principal = { arn: known.arn, account: known.account, type: known.type };
    principals.set(known, principal);
  }
  return principal;
}
