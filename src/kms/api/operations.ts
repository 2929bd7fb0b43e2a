/** What an operation is, before anybody asks who calls it. */
export interface OperationTraits {
  /** `data` uses a key, `management` changes or describes one. */
  readonly kind: 'data' | 'management';
  /** Changes nothing; as CloudTrail's `readOnly`, which is true of every cryptographic operation. */
  readonly readOnly: boolean;
  /** May name a key of another account (the "Cross-account use" line of the API reference). */
  readonly crossAccount: boolean;
}

const uses = { kind: 'data', readOnly: true, crossAccount: true } as const;
const reads = { kind: 'management', readOnly: true, crossAccount: false } as const;
const changes = { kind: 'management', readOnly: false, crossAccount: false } as const;
const across = { crossAccount: true } as const;

/** The 56 operations of the KMS API, version 2014-11-01. */
export const OPERATIONS = {
  CancelKeyDeletion: changes,
  ConnectCustomKeyStore: changes,
  CreateAlias: changes,
  CreateCustomKeyStore: changes,
  CreateGrant: { ...changes, ...across },
  CreateKey: changes,
  Decapsulate: uses,
  Decrypt: uses,
  DeleteAlias: changes,
  DeleteCustomKeyStore: changes,
  DeleteImportedKeyMaterial: changes,
  DeriveSharedSecret: uses,
  DescribeCustomKeyStores: reads,
  DescribeKey: { ...reads, ...across },
  DisableKey: changes,
  DisableKeyRotation: changes,
  DisconnectCustomKeyStore: changes,
  EnableKey: changes,
  EnableKeyRotation: changes,
  Encapsulate: uses,
  Encrypt: uses,
  GenerateDataKey: uses,
  GenerateDataKeyPair: uses,
  GenerateDataKeyPairWithoutPlaintext: uses,
  GenerateDataKeyWithoutPlaintext: uses,
  GenerateMac: uses,
  // Names no key, so there is no other account it could reach into.
  GenerateRandom: { ...uses, crossAccount: false },
  GetKeyLastUsage: reads,
  GetKeyPolicy: reads,
  GetKeyRotationStatus: { ...reads, ...across },
  GetParametersForImport: reads,
  GetPublicKey: { ...reads, ...across },
  ImportKeyMaterial: changes,
  ListAliases: reads,
  ListGrants: { ...reads, ...across },
  ListKeyPolicies: reads,
  ListKeyRotations: reads,
  ListKeys: reads,
  ListResourceTags: reads,
  ListRetirableGrants: reads,
  PutKeyPolicy: changes,
  ReEncrypt: uses,
  ReplicateKey: changes,
  RetireGrant: { ...changes, ...across },
  RevokeGrant: { ...changes, ...across },
  RotateKeyOnDemand: changes,
  ScheduleKeyDeletion: changes,
  Sign: uses,
  TagResource: changes,
  UntagResource: changes,
  UpdateAlias: changes,
  UpdateCustomKeyStore: changes,
  UpdateKeyDescription: changes,
  UpdatePrimaryRegion: changes,
  Verify: uses,
  VerifyMac: uses,
} as const satisfies Readonly<Record<string, OperationTraits>>;

export type Operation = keyof typeof OPERATIONS;

/** What `X-Amz-Target` begins with. */
export const TARGET_PREFIX = 'TrentService.';

const byTarget: ReadonlyMap<string, Operation> = new Map(
  (Object.keys(OPERATIONS) as Operation[]).map((name) => [TARGET_PREFIX + name, name]),
);

/** The operation an `X-Amz-Target` header names; undefined for anything but an exact name. */
export const operationOfTarget = (target: string): Operation | undefined => byTarget.get(target);
