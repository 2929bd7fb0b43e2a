import type { Operation } from '../call.ts';
import { createAlias, deleteAlias, updateAlias } from './aliases.ts';
import { listGrants, listRetirableGrants } from './grant-lists.ts';
import { createGrant, retireGrant, revokeGrant } from './grants.ts';
import { deleteImportedKeyMaterial, getParametersForImport, importKeyMaterial } from './import.ts';
import {
  cancelKeyDeletion,
  createKey,
  describeKey,
  disableKey,
  enableKey,
  scheduleKeyDeletion,
  updateKeyDescription,
} from './keys.ts';
import { generateDataKeyPair, generateDataKeyPairWithoutPlaintext } from './data-key-pairs.ts';
import { listAliases, listKeys } from './lists.ts';
import { decapsulate, encapsulate } from './encapsulation.ts';
import { generateMac, verifyMac } from './macs.ts';
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from './policies.ts';
import { deriveSharedSecret, getPublicKey } from './public-keys.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKeyOnDemand,
} from './rotation.ts';
import { sign, verify } from './signatures.ts';
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  generateRandom,
  reEncrypt,
} from './symmetric.ts';
import { listResourceTags, tagResource, untagResource } from './tags.ts';

/** Every operation that is carried out; the others of the API are refused, as events. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CancelKeyDeletion: cancelKeyDeletion,
    CreateAlias: createAlias,
    CreateGrant: createGrant,
    CreateKey: createKey,
    Decapsulate: decapsulate,
    Decrypt: decrypt,
    DeleteAlias: deleteAlias,
    DeriveSharedSecret: deriveSharedSecret,
    DeleteImportedKeyMaterial: deleteImportedKeyMaterial,
    DescribeKey: describeKey,
    DisableKey: disableKey,
    DisableKeyRotation: disableKeyRotation,
    EnableKey: enableKey,
    EnableKeyRotation: enableKeyRotation,
    Encapsulate: encapsulate,
    Encrypt: encrypt,
    GenerateDataKey: generateDataKey,
    GenerateDataKeyPair: generateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext: generateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
    GenerateMac: generateMac,
    GenerateRandom: generateRandom,
    GetKeyPolicy: getKeyPolicy,
    GetKeyRotationStatus: getKeyRotationStatus,
    GetPublicKey: getPublicKey,
    GetParametersForImport: getParametersForImport,
    ImportKeyMaterial: importKeyMaterial,
    ListAliases: listAliases,
    ListGrants: listGrants,
    ListKeyPolicies: listKeyPolicies,
    ListKeyRotations: listKeyRotations,
    ListKeys: listKeys,
    ListResourceTags: listResourceTags,
    ListRetirableGrants: listRetirableGrants,
    PutKeyPolicy: putKeyPolicy,
    ReEncrypt: reEncrypt,
    RotateKeyOnDemand: rotateKeyOnDemand,
    RetireGrant: retireGrant,
    RevokeGrant: revokeGrant,
    ScheduleKeyDeletion: scheduleKeyDeletion,
    Sign: sign,
    TagResource: tagResource,
    UntagResource: untagResource,
    UpdateAlias: updateAlias,
    UpdateKeyDescription: updateKeyDescription,
    Verify: verify,
    VerifyMac: verifyMac,
  }),
);
