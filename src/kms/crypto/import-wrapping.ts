import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto';
import { Secret } from './secret.ts';

/** "id-aes256-wrap-pad" with the alternative initial value of RFC 5649, section 3. */
const AES_KWP = 'id-aes256-wrap-pad';
const AES_KWP_IV = Buffer.from('a65959a6', 'hex');
const AES_KEY_BYTES = 32;

interface Wrapping {
  readonly oaepHash: 'sha1' | 'sha256';
  /** RSA wraps an AES key, and that one the material. */
  readonly viaAes: boolean;
}

/** The wrapping algorithms that are supported; RSAES_PKCS1_V1_5 is not on AWS either, since October 2023. */
const WRAPPINGS: ReadonlyMap<string, Wrapping> = new Map<string, Wrapping>([
  ['RSAES_OAEP_SHA_1', { oaepHash: 'sha1', viaAes: false }],
  ['RSAES_OAEP_SHA_256', { oaepHash: 'sha256', viaAes: false }],
  ['RSA_AES_KEY_WRAP_SHA_1', { oaepHash: 'sha1', viaAes: true }],
  ['RSA_AES_KEY_WRAP_SHA_256', { oaepHash: 'sha256', viaAes: true }],
]);

export const isImportWrapping = (algorithm: string): boolean => WRAPPINGS.has(algorithm);

const privateKeyOf = (pkcs8: Secret): KeyObject =>
  pkcs8.use((key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));

/** The public half of a wrapping key, as the DER of its SubjectPublicKeyInfo. */
export const wrappingPublicKey = (pkcs8: Secret): Buffer =>
  createPublicKey(privateKeyOf(pkcs8)).export({ format: 'der', type: 'spki' });

/** What a client wrapped for us; undefined when anything at all is wrong with it. */
export function unwrapImported(pkcs8: Secret, algorithm: string, wrapped: Buffer): Secret | undefined {
  const wrapping = WRAPPINGS.get(algorithm);
  if (wrapping === undefined) return undefined;
  const key = privateKeyOf(pkcs8);
  if (!wrapping.viaAes) return oaepDecrypt(key, wrapping, wrapped);
  const rsaBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const kek = oaepDecrypt(key, wrapping, wrapped.subarray(0, rsaBytes));
  try {
    return kek === undefined ? undefined : aesUnwrap(kek, wrapped.subarray(rsaBytes));
  } finally {
    kek?.wipe();
  }
}

function oaepDecrypt(key: KeyObject, { oaepHash }: Wrapping, wrapped: Buffer): Secret | undefined {
  // OpenSSL takes a shorter one as a number with leading zeros; RFC 8017, section 7.1.2, step 1b does not.
  if (wrapped.length !== (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8) return undefined;
  try {
    return Secret.own(privateDecrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, wrapped));
  } catch {
    return undefined;
  }
}

function aesUnwrap(kek: Secret, wrapped: Buffer): Secret | undefined {
  if (kek.sizeBytes !== AES_KEY_BYTES) return undefined;
  try {
    const decipher = kek.use((key) => createDecipheriv(AES_KWP, key, AES_KWP_IV));
    const material = decipher.update(wrapped);
    decipher.final();
    return Secret.own(material);
  } catch {
    return undefined;
  }
}
