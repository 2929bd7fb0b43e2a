export { ACTIONS, actionNamed, type Action } from './actions.ts';
export { authorise, keepsCallerIn, type AuthorisationRequest } from './authorise.ts';
export { compilePolicy, type Authorisation, type CompiledPolicy } from './compile.ts';
export {
  conditionContext,
  type ConditionContext,
  type ConditionFacts,
  type ContextValue,
} from './condition-context.ts';
export { defaultKeyPolicy } from './default-policy.ts';
export { mayHandOn, type GrantTerms } from './delegation.ts';
export { granteesOf, type GrantConstraints, type GrantFacts } from './grant.ts';
export { ineffectiveStatements, namedPrincipals, type Ineffective } from './inspect.ts';
export { MAX_POLICY_BYTES, parsePolicy, type ParsedPolicy } from './parse.ts';
export type { Condition, Patterns, Policy, PolicyKind, Principals, Statement } from './policy.ts';
export type { Principal } from './principal.ts';
