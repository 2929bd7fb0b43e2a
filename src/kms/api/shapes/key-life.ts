import { customKeyStoreId, description, grantTokens, keyId, limit, marker, policy, region, tags } from './common.ts';
import { boolean, integer, list, oneOf, structure, text } from './shape.ts';

const namesKey = structure({ KeyId: keyId }, {});

const keySpec = oneOf(
  'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1',
  'SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2 ML_DSA_44 ML_DSA_65',
  'ML_DSA_87 ECC_NIST_EDWARDS25519 ML_KEM_512 ML_KEM_768 ML_KEM_1024',
);

/** The name KeySpec had before; it has not grown since. */
const customerMasterKeySpec = oneOf(
  'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1',
  'SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2',
);

/** Making, describing, switching, deleting and replicating keys. */
export const KEY_LIFE = {
  CreateKey: structure(
    {},
    {
      Policy: policy,
      Description: description,
      KeyUsage: oneOf('SIGN_VERIFY ENCRYPT_DECRYPT GENERATE_VERIFY_MAC KEY_AGREEMENT ENCAPSULATE_DECAPSULATE'),
      CustomerMasterKeySpec: customerMasterKeySpec,
      KeySpec: keySpec,
      Origin: oneOf('AWS_KMS EXTERNAL AWS_CLOUDHSM EXTERNAL_KEY_STORE'),
      CustomKeyStoreId: customKeyStoreId,
      BypassPolicyLockoutSafetyCheck: boolean,
      Tags: tags,
      MultiRegion: boolean,
      XksKeyId: text(1, 128, '^[a-zA-Z0-9-_.]+$'),
    },
  ),
  DescribeKey: structure({ KeyId: keyId }, { GrantTokens: grantTokens }),
  ListKeys: structure(
    {},
    {
      Limit: limit,
      Marker: marker,
      ResourceOwners: list(oneOf('SELF OTHER_ACCOUNTS_VIA_RAM'), { min: 1, max: 2 }),
    },
  ),
  UpdateKeyDescription: structure({ KeyId: keyId, Description: description }, {}),
  EnableKey: namesKey,
  DisableKey: namesKey,
  // The model allows 1 to 365; the service narrows it to 7 to 30.
  ScheduleKeyDeletion: structure({ KeyId: keyId }, { PendingWindowInDays: integer(1, 365) }),
  CancelKeyDeletion: namesKey,
  ReplicateKey: structure(
    { KeyId: keyId, ReplicaRegion: region },
    { Policy: policy, BypassPolicyLockoutSafetyCheck: boolean, Description: description, Tags: tags },
  ),
  UpdatePrimaryRegion: structure({ KeyId: keyId, PrimaryRegion: region }, {}),
  GetKeyLastUsage: namesKey,
};
