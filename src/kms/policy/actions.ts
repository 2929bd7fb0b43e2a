/**
 * What a permission of KMS is, for the evaluator. Source: the lines "Cross-account use" and "Required permissions" of
 * the API reference, and the enumeration GrantOperation of the service model.
 */
export interface Action {
  /** Position in `ACTIONS`; compiled policies are indexed by it. */
  readonly index: number;
  /** As policies spell it: `kms:Encrypt`. */
  readonly name: string;
  /** As grants spell it: `Encrypt`. Undefined where no grant can give it. */
  readonly grantOperation: string | undefined;
  /** True where a principal of another account can be allowed at all. */
  readonly crossAccount: boolean;
  /** What a grant's encryption context constraint means for the action. */
  readonly constraint: 'checked' | 'ignored' | 'unmeetable';
}

const CROSS_ACCOUNT = new Set(
  `CreateGrant Decapsulate Decrypt DeriveSharedSecret DescribeKey Encapsulate Encrypt GenerateDataKey GenerateDataKeyPair
   GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GetKeyRotationStatus GetPublicKey
   ListGrants ReEncryptFrom ReEncryptTo RetireGrant RevokeGrant Sign Verify VerifyMac`.split(/\s+/),
);

const ONE_ACCOUNT = `CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateKey DeleteAlias
   DeleteCustomKeyStore DeleteImportedKeyMaterial DescribeCustomKeyStores DisableKey DisableKeyRotation
   DisconnectCustomKeyStore EnableKey EnableKeyRotation GenerateRandom GetKeyLastUsage GetKeyPolicy
   GetParametersForImport ImportKeyMaterial ListAliases ListKeyPolicies ListKeyRotations ListKeys ListResourceTags
   ListRetirableGrants PutKeyPolicy ReplicateKey RotateKeyOnDemand ScheduleKeyDeletion SynchronizeMultiRegionKey
   TagResource UntagResource UpdateAlias UpdateCustomKeyStore UpdateKeyDescription UpdatePrimaryRegion`.split(/\s+/);

/** Of the operations open to other accounts, those that no grant can give. */
const NOT_GRANTABLE = new Set(['GetKeyRotationStatus', 'ListGrants', 'RevokeGrant']);

const TAKES_ENCRYPTION_CONTEXT = new Set(
  `Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair
   GenerateDataKeyPairWithoutPlaintext`.split(/\s+/),
);

/** "The encryption context constraint is ignored for DescribeKey and RetireGrant"; a child grant answers for itself. */
const IGNORES_CONSTRAINT = new Set(['DescribeKey', 'RetireGrant', 'CreateGrant']);

const constraintOf = (operation: string): Action['constraint'] => {
  if (TAKES_ENCRYPTION_CONTEXT.has(operation)) return 'checked';
  return IGNORES_CONSTRAINT.has(operation) ? 'ignored' : 'unmeetable';
};

/** Every permission of the service, in a fixed order. */
export const ACTIONS: readonly Action[] = [...CROSS_ACCOUNT, ...ONE_ACCOUNT].map((operation, index) => ({
  index,
  name: `kms:${operation}`,
  grantOperation: CROSS_ACCOUNT.has(operation) && !NOT_GRANTABLE.has(operation) ? operation : undefined,
  crossAccount: CROSS_ACCOUNT.has(operation),
  constraint: constraintOf(operation),
}));

/** By exact name and by lower-case name: action names are not case-sensitive. */
const byName: ReadonlyMap<string, Action> = new Map(
  ACTIONS.flatMap((action) => [
    [action.name, action],
    [action.name.toLowerCase(), action],
  ]),
);

/** Undefined for a permission that KMS does not have. */
export const actionNamed = (name: string): Action | undefined => byName.get(name) ?? byName.get(name.toLowerCase());
