import type { Policy } from './policy.ts';

/** Users, roles and sessions that a policy names, each once: KMS refuses a policy when one of them does not exist. */
export const namedPrincipals = (policy: Policy): readonly string[] => [
  ...new Set(policy.statements.flatMap(({ principals }) => principals?.arns ?? [])),
];

/** A statement that was accepted and never applies, for want of an element. */
export interface Ineffective {
  readonly label: string;
  readonly lacks: 'Action' | 'Resource';
}

/** The statements of a key policy that its author should be told about. */
export function ineffectiveStatements(policy: Policy): readonly Ineffective[] {
  return policy.statements.flatMap(({ label, actions, resources }): readonly Ineffective[] => {
    if (actions === undefined) return [{ label, lacks: 'Action' }];
    return resources === undefined ? [{ label, lacks: 'Resource' }] : [];
  });
}
