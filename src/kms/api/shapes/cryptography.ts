import * as common from './common.ts';
import { blob, oneOf, structure } from './shape.ts';

const { ciphertext, context, dryRun, dryRunModifiers, encryptionAlgorithm, grantTokens, keyId, message, recipient } =
  common;

const permission = { GrantTokens: grantTokens, DryRun: dryRun };

const dataKeyPairSpec = oneOf(
  'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1',
  'SM2 ECC_NIST_EDWARDS25519 ML_KEM_512 ML_KEM_768 ML_KEM_1024',
);
const signingAlgorithm = oneOf(
  'RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512 RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 ECDSA_SHA_256 ECDSA_SHA_384 ECDSA_SHA_512',
  'SM2DSA ML_DSA_SHAKE_256 ED25519_SHA_512 ED25519_PH_SHA_512',
);
const messageType = oneOf('RAW DIGEST EXTERNAL_MU');
const macAlgorithm = oneOf('HMAC_SHA_224 HMAC_SHA_256 HMAC_SHA_384 HMAC_SHA_512');
const encapsulationAlgorithm = oneOf('ML_KEM');

const dataKey = {
  EncryptionContext: context,
  NumberOfBytes: common.randomBytes,
  KeySpec: oneOf('AES_256 AES_128'),
  ...permission,
};

/** Everything that uses a key, and GenerateRandom, which uses none. */
export const CRYPTOGRAPHY = {
  Encrypt: structure(
    { KeyId: keyId, Plaintext: message },
    { EncryptionContext: context, EncryptionAlgorithm: encryptionAlgorithm, ...permission },
  ),
  // A dry run with IGNORE_CIPHERTEXT needs no ciphertext, so the model requires none; the service does otherwise.
  Decrypt: structure(
    {},
    {
      CiphertextBlob: ciphertext,
      EncryptionContext: context,
      KeyId: keyId,
      EncryptionAlgorithm: encryptionAlgorithm,
      Recipient: recipient,
      DryRunModifiers: dryRunModifiers,
      ...permission,
    },
  ),
  ReEncrypt: structure(
    { DestinationKeyId: keyId },
    {
      CiphertextBlob: ciphertext,
      SourceEncryptionContext: context,
      SourceKeyId: keyId,
      DestinationEncryptionContext: context,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationEncryptionAlgorithm: encryptionAlgorithm,
      DryRunModifiers: dryRunModifiers,
      ...permission,
    },
  ),
  GenerateDataKey: structure({ KeyId: keyId }, { ...dataKey, Recipient: recipient }),
  GenerateDataKeyWithoutPlaintext: structure({ KeyId: keyId }, dataKey),
  GenerateDataKeyPair: structure(
    { KeyId: keyId, KeyPairSpec: dataKeyPairSpec },
    { EncryptionContext: context, Recipient: recipient, ...permission },
  ),
  GenerateDataKeyPairWithoutPlaintext: structure(
    { KeyId: keyId, KeyPairSpec: dataKeyPairSpec },
    { EncryptionContext: context, ...permission },
  ),
  GenerateRandom: structure(
    {},
    { NumberOfBytes: common.randomBytes, CustomKeyStoreId: common.customKeyStoreId, Recipient: recipient },
  ),
  Sign: structure(
    { KeyId: keyId, Message: message, SigningAlgorithm: signingAlgorithm },
    { MessageType: messageType, ...permission },
  ),
  Verify: structure(
    { KeyId: keyId, Message: message, Signature: ciphertext, SigningAlgorithm: signingAlgorithm },
    { MessageType: messageType, ...permission },
  ),
  GetPublicKey: structure({ KeyId: keyId }, { GrantTokens: grantTokens }),
  GenerateMac: structure({ Message: message, KeyId: keyId, MacAlgorithm: macAlgorithm }, permission),
  VerifyMac: structure({ Message: message, KeyId: keyId, MacAlgorithm: macAlgorithm, Mac: ciphertext }, permission),
  DeriveSharedSecret: structure(
    { KeyId: keyId, KeyAgreementAlgorithm: oneOf('ECDH'), PublicKey: blob(1, 8192) },
    { Recipient: recipient, ...permission },
  ),
  Encapsulate: structure({ KeyId: keyId, EncapsulationAlgorithm: encapsulationAlgorithm }, permission),
  Decapsulate: structure(
    { KeyId: keyId, SharedSecretCiphertextBlob: ciphertext, EncapsulationAlgorithm: encapsulationAlgorithm },
    permission,
  ),
};
