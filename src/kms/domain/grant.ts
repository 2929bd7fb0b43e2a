import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/index.ts';
import type { ChangeOf } from '../../events/index.ts';

/** What a grant demands of the encryption context of the operations it gives. */
export interface Constraints {
  readonly encryptionContextEquals?: Readonly<Record<string, string>>;
  readonly encryptionContextSubset?: Readonly<Record<string, string>>;
}

/** A permission to use one key, beside its policy. It is made and goes; it never changes. */
export interface Grant {
  readonly grantId: string;
  readonly keyArn: string;
  readonly grantee: string;
  readonly retiring?: string;
  readonly operations: readonly string[];
  readonly constraints?: Constraints;
  readonly name?: string;
  /** ARN of the root of the account in whose name it was made. */
  readonly issuer: string;
  readonly createdAt: string;
}

/** What two CreateGrant calls of one name must agree on to be the same grant. */
export type GrantTerms = Omit<Grant, 'grantId' | 'keyArn' | 'createdAt'>;

export const MAX_GRANTS_PER_KEY = 50_000;

export const grantPlace = (keyArn: string, grantId: string): string => `${keyArn}/${grantId}`;
/** Index rows: no ARN of a principal has a bar in it. */
export const granteePlace = (keyArn: string, grantee: string): string => `grantee|${keyArn}|${grantee}`;
export const retiringPlace = (retiring: string, keyArn: string): string => `retiring|${retiring}|${keyArn}`;
export const namedPlace = (keyArn: string, terms: GrantTerms): string => `named|${keyArn}|${digestOf(terms)}`;

function digestOf({ operations, ...terms }: GrantTerms): string {
  const text = canonicalJson({ ...terms, operations: [...new Set(operations)].sort() });
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function grantOf(change: ChangeOf<'GrantCreated'>): Grant {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = change.constraints ?? {};
  return {
    grantId: change.grantId,
    keyArn: change.key,
    grantee: change.grantee,
    ...(change.retiring === undefined ? {} : { retiring: change.retiring }),
    operations: change.operations,
    ...(equals === undefined && subset === undefined
      ? {}
      : {
          constraints: {
            ...(equals === undefined ? {} : { encryptionContextEquals: equals }),
            ...(subset === undefined ? {} : { encryptionContextSubset: subset }),
          },
        }),
    ...(change.name === undefined ? {} : { name: change.name }),
    issuer: change.issuer,
    createdAt: change.at,
  };
}

export function termsOf({ grantee, retiring, operations, constraints, name, issuer }: Grant): GrantTerms {
  return {
    grantee,
    ...(retiring === undefined ? {} : { retiring }),
    operations,
    ...(constraints === undefined ? {} : { constraints }),
    ...(name === undefined ? {} : { name }),
    issuer,
  };
}
