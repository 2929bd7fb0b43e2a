import { blob, boolean, integer, list, oneOf, stringMap, structure, text } from './shape.ts';

/** Shapes that several operations share, with the limits of the KMS API reference. */
export const keyId = text(1, 2048);
export const aliasName = text(1, 256, '^[a-zA-Z0-9:/_-]+$');
export const customKeyStoreId = text(1, 64);
export const grantTokens = list(text(1, 8192), { min: 0, max: 10 });
export const context = stringMap;
export const ciphertext = blob(1, 6144);
export const message = blob(1, 4096);
export const dryRun = boolean;
export const limit = integer(1, 1000);
export const marker = text(1, 1024, '[\\u0020-\\u00FF]*');
export const randomBytes = integer(1, 1024);
export const policy = text(1, 131_072, '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+');
export const policyName = text(1, 128, '[\\w]+');
export const description = text(0, 8192);
export const keyMaterialId = text(64, 64, '^[a-f0-9]+$');
export const region = text(1, 32, '^([a-z]+-){2,3}\\d+$');
export const tags = list(structure({ TagKey: text(1, 128), TagValue: text(0, 256) }, {}));

export const encryptionAlgorithm = oneOf('SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 SM2PKE');
export const dryRunModifiers = list(oneOf('IGNORE_CIPHERTEXT'));

export const recipient = structure(
  {},
  { KeyEncryptionAlgorithm: oneOf('RSAES_OAEP_SHA_256'), AttestationDocument: blob(1, 262_144) },
);
