export { decryptBlob, encryptBlob, readBlobClaim, type BlobClaim } from './blob.ts';
export { encodeContext, type EncryptionContext } from './context.ts';
export { Keyring, createSealedKeyring } from './keyring.ts';
export { macMatches, macOf, type MacAlgorithm } from './macs.ts';
export { generateMaterial, generateRsa, keyObjectOf, modulusBitsOf } from './material.ts';
export { openRootKeyFile } from './root-key.ts';
export { secretRandom } from './random.ts';
export { Secret } from './secret.ts';
