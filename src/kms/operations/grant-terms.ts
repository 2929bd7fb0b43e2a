import { refusal, type Constraints, type GrantTerms, type Key, type Refusal } from '../domain/index.ts';
import type { Conditions, Input, Tools } from '../call.ts';

/** "The encryption context value in each constraint cannot exceed 384 characters", in at most 8 pairs (API reference, CreateGrant). */
const MAX_CONSTRAINT_CHARACTERS = 384;
const MAX_CONSTRAINT_PAIRS = 8;

/** Those whom a grant may name: account roots, users, roles and their sessions. */
const PRINCIPAL =
  /^arn:aws:(?:iam::\d{12}:(?:root|user\/[\w+=,.@/-]+|role\/[\w+=,.@/-]+)|sts::\d{12}:(?:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+|federated-user\/[\w+=,.@-]+))$/;

const FOR_ANY_KEY = ['CreateGrant', 'RetireGrant', 'DescribeKey'];
const WITH_CONTEXT = `Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair
  GenerateDataKeyPairWithoutPlaintext ReEncryptFrom ReEncryptTo`.split(/\s+/);
const BY_USAGE: Readonly<Record<string, readonly string[]>> = {
  SIGN_VERIFY: ['Sign', 'Verify', 'GetPublicKey'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: ['DeriveSharedSecret', 'GetPublicKey'],
  ENCAPSULATE_DECAPSULATE: ['Encapsulate', 'Decapsulate', 'GetPublicKey'],
  ENCRYPT_DECRYPT: ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GetPublicKey'],
};
const SYMMETRIC_SPEC = 'SYMMETRIC_DEFAULT';

/** What a key of this kind can be used for through a grant ("Grant operations" of the AWS KMS Developer Guide). */
const grantableOn = ({ spec, usage }: Key): readonly string[] => [
  ...FOR_ANY_KEY,
  ...(spec === SYMMETRIC_SPEC ? WITH_CONTEXT : (BY_USAGE[usage] ?? [])),
];

const invalid = (message: string): Refusal => refusal('ValidationException', message);

/** What a grant is to say, as the request has it; operations once each, in the order of their names. */
export function termsOfRequest({ call }: Tools): GrantTerms {
  const { input, caller } = call;
  const constraints = constraintsOf(input);
  return {
    grantee: input['GranteePrincipal'] as string,
    ...(input['RetiringPrincipal'] === undefined ? {} : { retiring: input['RetiringPrincipal'] as string }),
    operations: [...new Set(input['Operations'] as readonly string[])].sort(),
    ...(constraints === undefined ? {} : { constraints }),
    ...(input['Name'] === undefined ? {} : { name: input['Name'] as string }),
    issuer: `arn:aws:iam::${caller.actor.account}:root`,
  };
}

/** "An empty map is treated as not specified." */
function constraintsOf(input: Input): Constraints | undefined {
  const given = input['Constraints'] as
    { EncryptionContextEquals?: Record<string, string>; EncryptionContextSubset?: Record<string, string> } | undefined;
  const equals = Object.keys(given?.EncryptionContextEquals ?? {}).length > 0 && given?.EncryptionContextEquals;
  const subset = Object.keys(given?.EncryptionContextSubset ?? {}).length > 0 && given?.EncryptionContextSubset;
  if (!equals && !subset) return undefined;
  return {
    ...(equals ? { encryptionContextEquals: equals } : {}),
    ...(subset ? { encryptionContextSubset: subset } : {}),
  };
}

/** Whether a request for a grant makes sense, before anything is known of its key. */
export function refuseRequest({ call: { input } }: Tools): Refusal | undefined {
  const service = input['GranteeServicePrincipal'] ?? input['RetiringServicePrincipal'];
  if (service !== undefined || sourceArnOf(input) !== undefined)
    return refusal('UnsupportedOperationException', 'Grants to service principals are not supported: none calls here.');
  if (input['GranteePrincipal'] === undefined)
    return invalid(
      "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null",
    );
  for (const name of ['GranteePrincipal', 'RetiringPrincipal']) {
    const arn = input[name] as string | undefined;
    if (arn !== undefined && !PRINCIPAL.test(arn)) return refusal('InvalidArnException', `Invalid ${name} '${arn}'`);
  }
  if ((input['Operations'] as readonly string[]).length === 0)
    return invalid('A grant must have at least one operation.');
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = constraintsOf(input) ?? {};
  return refuseLong(equals) ?? refuseLong(subset);
}

const sourceArnOf = (input: Input): unknown => (input['Constraints'] as { SourceArn?: string } | undefined)?.SourceArn;

function refuseLong(pairs: Readonly<Record<string, string>> = {}): Refusal | undefined {
  const entries = Object.entries(pairs);
  const characters = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (entries.length > MAX_CONSTRAINT_PAIRS || characters > MAX_CONSTRAINT_CHARACTERS)
    return invalid(
      `A grant constraint can have at most ${String(MAX_CONSTRAINT_PAIRS)} pairs and ${String(MAX_CONSTRAINT_CHARACTERS)} characters.`,
    );
  // A member of this name is lost by libraries that rows and evidence pass through: a constraint must not vanish.
  if (entries.some(([key]) => key === '__proto__')) return invalid('A grant constraint cannot name __proto__.');
  // It has no canonical form, so it could never be evidence.
  if (!entries.every(([key, value]) => key.isWellFormed() && value.isWellFormed()))
    return invalid('A grant constraint must be well-formed text.');
  return undefined;
}

/** Whether a key of its kind can be used so. */
export function refuseOnKey({ operations, constraints }: GrantTerms, key: Key): Refusal | undefined {
  const grantable = grantableOn(key);
  const wrong = operations.find((operation) => !grantable.includes(operation));
  if (wrong !== undefined)
    return invalid(`Operation ${wrong} cannot be granted on ${key.arn}: it is not one of ${grantable.join(', ')}.`);
  if (constraints !== undefined && key.spec !== SYMMETRIC_SPEC)
    return invalid(`A grant on ${key.arn} cannot have an encryption context constraint: ${key.spec} keys take none.`);
  return undefined;
}

/** The condition keys of a grant that is to be made, or that is there. */
export function grantConditions({ grantee, retiring, operations, constraints }: GrantTerms): Conditions {
  const { encryptionContextEquals: equals, encryptionContextSubset: subset } = constraints ?? {};
  const types = [
    ...(equals === undefined ? [] : ['EncryptionContextEquals']),
    ...(subset === undefined ? [] : ['EncryptionContextSubset']),
  ];
  return {
    ...(constraints === undefined ? {} : { encryptionContext: { ...subset, ...equals } }),
    parameters: {
      'kms:grantconstrainttype': types.length > 1 ? types : types[0],
      'kms:granteeprincipal': grantee,
      'kms:grantoperations': operations,
      'kms:retiringprincipal': retiring,
    },
  };
}
