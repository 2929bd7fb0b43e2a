import { expect } from 'vitest';
import {
  authorise,
  compilePolicy,
  conditionContext,
  parsePolicy,
  type Authorisation,
  type AuthorisationRequest,
  type CompiledPolicy,
  type ConditionFacts,
  type Principal,
} from '../../../../src/kms/policy/index.ts';

export const HOME = '111122223333';
export const ABROAD = '444455556666';
export const KEY = `arn:aws:kms:eu-west-1:${HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
export const ROOT_ARN = `arn:aws:iam::${HOME}:root`;
export const APP_ROLE = `arn:aws:iam::${HOME}:role/service/app`;

export const root: Principal = { arn: ROOT_ARN, account: HOME, type: 'root' };
export const alice: Principal = { arn: `arn:aws:iam::${HOME}:user/alice`, account: HOME, type: 'user' };
export const bob: Principal = { arn: `arn:aws:iam::${HOME}:user/bob`, account: HOME, type: 'user' };
export const app: Principal = {
  arn: `arn:aws:sts::${HOME}:assumed-role/app/i-0abc`,
  account: HOME,
  type: 'assumed-role',
  roleArn: APP_ROLE,
};
export const carol: Principal = { arn: `arn:aws:iam::${ABROAD}:user/carol`, account: ABROAD, type: 'user' };
export const foreignRoot: Principal = { arn: `arn:aws:iam::${ABROAD}:root`, account: ABROAD, type: 'root' };

export type Element = Readonly<Record<string, unknown>>;

const document = (statements: readonly Element[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

function compiled(text: string, kind: 'key' | 'identity', digest: string): CompiledPolicy {
  const parsed = parsePolicy(text, kind);
  if (!parsed.ok) expect.fail(parsed.message);
  return compilePolicy(parsed.policy, digest);
}

export const KEY_DIGEST = 'a'.repeat(64);
export const IAM_DIGEST = 'b'.repeat(64);
export const keyPolicy = (...statements: readonly Element[]): CompiledPolicy =>
  compiled(document(statements), 'key', KEY_DIGEST);
export const iamPolicy = (...statements: readonly Element[]): CompiledPolicy =>
  compiled(document(statements), 'identity', IAM_DIGEST);
export const compileText = (text: string, kind: 'key' | 'identity'): CompiledPolicy => compiled(text, kind, KEY_DIGEST);

export const allow = (action: string | readonly string[], rest: Element = {}): Element => ({
  Effect: 'Allow',
  Action: action,
  Resource: '*',
  ...rest,
});
export const deny = (action: string | readonly string[], rest: Element = {}): Element => ({
  ...allow(action, rest),
  Effect: 'Deny',
});
export const to = (...arns: readonly string[]): Element => ({ Principal: { AWS: arns } });

/** What the default key policy says. */
export const ENABLES_IAM = allow('kms:*', { Sid: 'EnableIAM', ...to(ROOT_ARN) });

export type Ask = Partial<Omit<AuthorisationRequest, 'context' | 'principal'>> & {
  readonly facts?: Omit<ConditionFacts, 'principal'>;
};

/** Asks about Decrypt with the key of this cast, unless told otherwise. */
export function ask(principal: Principal, policy: CompiledPolicy, { facts = {}, ...rest }: Ask = {}): Authorisation {
  return authorise({
    action: 'kms:Decrypt',
    resource: KEY,
    keyAccount: HOME,
    keyPolicy: policy,
    identityPolicies: [],
    ...rest,
    principal,
    context: conditionContext({ principal, ...facts }),
  });
}

/** Asks about an action that no key policy governs. */
export function askIam(
  principal: Principal,
  action: string,
  identityPolicies: readonly CompiledPolicy[],
  rest: Partial<AuthorisationRequest> = {},
): Authorisation {
  return authorise({
    action,
    principal,
    resource: '*',
    identityPolicies,
    context: conditionContext({ principal }),
    ...rest,
  });
}
