import { ciphertext, keyId, keyMaterialId, limit, marker } from './common.ts';
import { integer, oneOf, structure, text, timestamp } from './shape.ts';

const namesKey = structure({ KeyId: keyId }, {});

/** Rotation of key material, and material brought by the customer. */
export const ROTATION_AND_IMPORT = {
  EnableKeyRotation: structure({ KeyId: keyId }, { RotationPeriodInDays: integer(90, 2560) }),
  DisableKeyRotation: namesKey,
  GetKeyRotationStatus: namesKey,
  RotateKeyOnDemand: namesKey,
  ListKeyRotations: structure(
    { KeyId: keyId },
    { IncludeKeyMaterial: oneOf('ALL_KEY_MATERIAL ROTATIONS_ONLY'), Limit: limit, Marker: marker },
  ),
  GetParametersForImport: structure(
    {
      KeyId: keyId,
      WrappingAlgorithm: oneOf(
        'RSAES_PKCS1_V1_5 RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256',
        'RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256 SM2PKE',
      ),
      WrappingKeySpec: oneOf('RSA_2048 RSA_3072 RSA_4096 SM2'),
    },
    {},
  ),
  ImportKeyMaterial: structure(
    { KeyId: keyId, ImportToken: ciphertext, EncryptedKeyMaterial: ciphertext },
    {
      ValidTo: timestamp,
      ExpirationModel: oneOf('KEY_MATERIAL_EXPIRES KEY_MATERIAL_DOES_NOT_EXPIRE'),
      ImportType: oneOf('NEW_KEY_MATERIAL EXISTING_KEY_MATERIAL'),
      KeyMaterialDescription: text(0, 256, '^[a-zA-Z0-9:/_\\s.-]+$'),
      KeyMaterialId: keyMaterialId,
    },
  ),
  DeleteImportedKeyMaterial: structure({ KeyId: keyId }, { KeyMaterialId: keyMaterialId }),
};
