/** A key policy says who may use one key; an identity policy, what one principal may do. Boundaries are identity policies. */
export type PolicyKind = 'key' | 'identity';

/** Policy variables exist from 2012-10-17 on; before, `${aws:username}` is plain text. */
export type PolicyVersion = '2008-10-17' | '2012-10-17';

/** A policy document that has been read and found well-formed. */
export interface Policy {
  readonly kind: PolicyKind;
  readonly version: PolicyVersion;
  readonly id?: string;
  readonly statements: readonly Statement[];
}

export interface Statement {
  /** How events name the statement: its Sid, or `#n` by its place, counted from 1. At most 256 characters. */
  readonly label: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in identity policies, where the principal is whoever the policy is attached to. */
  readonly principals: Principals | undefined;
  /** Undefined only in key policies, where such a statement is accepted and has no effect. */
  readonly actions: Patterns | undefined;
  readonly resources: Patterns | undefined;
  readonly conditions: readonly Condition[];
}

/** Action or NotAction, Resource or NotResource. */
export interface Patterns {
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

/** Principal or NotPrincipal. */
export interface Principals {
  readonly negated: boolean;
  /** `"*"` or `{"AWS": "*"}`: everybody, of every account. */
  readonly anyone: boolean;
  /** Accounts, by twelve digits; written so or as the ARN of their root. */
  readonly accounts: readonly string[];
  /** ARNs of users, roles, role sessions and federated users. */
  readonly arns: readonly string[];
  readonly services: readonly string[];
  readonly federated: readonly string[];
}

/** One operator applied to one condition key. */
export interface Condition {
  /** Name of the operator without its modifiers, as the documentation spells it. */
  readonly operator: string;
  readonly quantifier: 'any' | 'all' | undefined;
  readonly ifExists: boolean;
  /** In lower case: names of condition keys are not case-sensitive. */
  readonly key: string;
  readonly values: readonly string[];
}

/**
 * A step of reading a policy: the value, or why the document is refused. `too-large` is LimitExceededException in the
 * API; everything else is MalformedPolicyDocumentException.
 */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly reason?: 'too-large' };

export const read = <T>(value: T): Read<T> => ({ ok: true, value });
export const malformed = (message: string): { readonly ok: false; readonly message: string } => ({
  ok: false,
  message,
});

/** A JSON object that is not an array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string or a non-empty list of strings, as a list; undefined for anything else. */
export function stringList(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((item) => typeof item === 'string') ? list : undefined;
}
