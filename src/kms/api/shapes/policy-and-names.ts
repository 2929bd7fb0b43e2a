import { aliasName, keyId, limit, marker, policy, policyName, tags } from './common.ts';
import { boolean, list, structure, text } from './shape.ts';

const page = { Limit: limit, Marker: marker };

/** Key policies, tags and aliases. */
export const POLICY_AND_NAMES = {
  GetKeyPolicy: structure({ KeyId: keyId }, { PolicyName: policyName }),
  PutKeyPolicy: structure(
    { KeyId: keyId, Policy: policy },
    { PolicyName: policyName, BypassPolicyLockoutSafetyCheck: boolean },
  ),
  ListKeyPolicies: structure({ KeyId: keyId }, page),
  TagResource: structure({ KeyId: keyId, Tags: tags }, {}),
  UntagResource: structure({ KeyId: keyId, TagKeys: list(text(1, 128)) }, {}),
  ListResourceTags: structure({ KeyId: keyId }, page),
  CreateAlias: structure({ AliasName: aliasName, TargetKeyId: keyId }, {}),
  UpdateAlias: structure({ AliasName: aliasName, TargetKeyId: keyId }, {}),
  DeleteAlias: structure({ AliasName: aliasName }, {}),
  ListAliases: structure({}, { KeyId: keyId, ...page }),
};
