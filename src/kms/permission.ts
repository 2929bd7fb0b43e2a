import type { StateView } from '../journal/index.ts';
import { refusal, type Key, type Principal as KnownPrincipal, type Refusal } from './domain/index.ts';
import {
  authorise,
  compilePolicy,
  conditionContext,
  keepsCallerIn,
  parsePolicy,
  type AuthorisationRequest,
  type CompiledPolicy,
  type Principal,
} from './policy/index.ts';
import type { Call, Conditions, Notes } from './call.ts';
import { digestOf, policyOf } from './documents.ts';

/** What a caller may do, asked as often as an operation needs; the last answer is noted for the event. */
export class Permission {
  readonly #state: StateView;
  readonly #call: Call;
  readonly #notes: Notes;
  readonly #nowUs: number;

  constructor(state: StateView, call: Call, notes: Notes, nowUs: number) {
    this.#state = state;
    this.#call = call;
    this.#notes = notes;
    this.#nowUs = nowUs;
  }

  /** Undefined when allowed; otherwise the refusal, which tells the caller the class of the denial and nothing of the policy. */
  refuse(action: string, resource: Key | string, extra?: Conditions): Refusal | undefined {
    const { allowed, decision, denial } = authorise(this.#request(action, resource, extra));
    this.#notes.decision = decision;
    if (allowed) return undefined;
    const { arn } = this.#call.caller.actor;
    const target = typeof resource === 'string' ? resource : resource.arn;
    const why =
      denial === 'explicit'
        ? `with an explicit deny in a ${decision.by === 'key-policy' ? 'resource-based' : 'identity-based'} policy`
        : `because no ${typeof resource === 'string' ? 'identity-based' : 'resource-based'} policy allows the ${action} action`;
    return refusal(
      'AccessDeniedException',
      `User: ${arn} is not authorized to perform: ${action} on resource: ${target} ${why}`,
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

  #request(action: string, resource: Key | string, extra: Conditions | undefined): AuthorisationRequest {
    const { caller, origin, region } = this.#call;
    const principal = principalOf(caller.principal);
    const facts = {
      principal,
      timeMs: this.#nowUs / 1000,
      region,
      ...(origin.ip === undefined ? {} : { sourceIp: origin.ip }),
      ...(origin.userAgent === undefined ? {} : { userAgent: origin.userAgent }),
      secureTransport: origin.tls !== undefined,
    };
    const identityPolicies = this.#identityPolicies(caller.principal);
    if (typeof resource === 'string') {
      // Another account's key that does not exist is asked about as one whose policy allows nothing.
      return { action, principal, resource, identityPolicies, context: conditionContext({ ...facts, ...extra }) };
    }
    const keyPolicy = policyOf(this.#state, resource.policyDigest, 'key');
    const alias = this.#notes.key?.alias;
    const context = conditionContext({
      ...facts,
      keySpec: resource.spec,
      keyUsage: resource.usage,
      keyOrigin: resource.origin,
      multiRegion: resource.multiRegion,
      resourceAliases: resource.aliases,
      resourceTags: resource.tags,
      resourceAccount: resource.account,
      ...(alias === undefined ? {} : { requestAlias: alias }),
      ...extra,
    });
    return {
      action,
      principal,
      resource: resource.arn,
      keyAccount: resource.account,
      keyPolicy: keyPolicy ?? NOTHING,
      identityPolicies,
      context,
    };
  }

  #identityPolicies({ policies }: KnownPrincipal): readonly CompiledPolicy[] {
    if (policies.length === 0) return NONE;
    return policies.map(({ digest }) => policyOf(this.#state, digest, 'identity') ?? DENY_ALL);
  }
}

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
/** Stands in for an identity policy that cannot be read: it might have denied. */
const DENY_ALL = parsedConstant(
  '{"Version":"2012-10-17","Statement":[{"Sid":"PolicyUnreadable","Effect":"Deny","Action":"*","Resource":"*"}]}',
  'identity',
);

const principals = new WeakMap<KnownPrincipal, Principal>();

function principalOf(known: KnownPrincipal): Principal {
  let principal = principals.get(known);
  if (principal === undefined) {
    principal = { arn: known.arn, account: known.account, type: known.type };
    principals.set(known, principal);
  }
  return principal;
}
