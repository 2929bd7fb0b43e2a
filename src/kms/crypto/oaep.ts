import { constants, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto';
import { publicKeyOf } from './public-keys.ts';

/** RSAES-OAEP (RFC 8017, section 7.1) with an empty label; `oaepHash` is that of MGF1 too. */
const HASHES: Readonly<Record<string, { readonly oaepHash: string; readonly hashBytes: number }>> = {
  RSAES_OAEP_SHA_1: { oaepHash: 'sha1', hashBytes: 20 },
  RSAES_OAEP_SHA_256: { oaepHash: 'sha256', hashBytes: 32 },
};

function parametersOf(algorithm: string): { oaepHash: string; hashBytes: number } {
  const parameters = HASHES[algorithm];
  if (parameters === undefined) throw new Error(`Bug: no encryption algorithm ${algorithm}`);
  return parameters;
}

const modulusBytes = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

/** The longest message that a key takes: section 7.1.1, step 1b. */
export const maxOaepBytes = (key: KeyObject, algorithm: string): number =>
  modulusBytes(key) - 2 * parametersOf(algorithm).hashBytes - 2;

export const oaepEncrypt = (key: KeyObject, algorithm: string, plaintext: Buffer): Buffer =>
  publicEncrypt(
    { key: publicKeyOf(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: parametersOf(algorithm).oaepHash },
    plaintext,
  );

/** The plaintext; undefined when anything at all is wrong. */
export function oaepDecrypt(key: KeyObject, algorithm: string, ciphertext: Buffer): Buffer | undefined {
  const { oaepHash } = parametersOf(algorithm);
  if (ciphertext.length !== modulusBytes(key)) return undefined;
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext);
  } catch {
    return undefined;
  }
}
