import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { encodeContext, type EncryptionContext } from './context.ts';
import { deriveKey } from './kdf.ts';
import { publicRandom } from './random.ts';

/*
 * The symmetric ciphertext blob, published in docs/ciphertext-format.md:
 *
 *   offset size
 *   0      4    magic "KLC" and format version 1
 *   4      1    kind of key id: 0 = UUID, 1 = multi-Region ("mrk-" and 32 hex digits)
 *   5      16   key id
 *   21     4    backing key version, big endian
 *   25     1    algorithm: 1 = AES-256-GCM with a key derived per call
 *   26     16   nonce
 *   42     n    ciphertext
 *   42+n   16   tag
 *
 * Key = KDF(backing key, "keyledger/enc/v1", nonce), used once; IV = first 12 bytes of the nonce;
 * AAD = bytes 0 to 41 || encoded encryption context.
 */
const MAGIC = Buffer.from('KLC\x01', 'latin1');
const KEY_KIND_AT = 4;
const KEY_ID_AT = 5;
const KEY_ID_BYTES = 16;
const VERSION_AT = 21;
const ALGORITHM_AT = 25;
const NONCE_AT = 26;
const NONCE_BYTES = 16;
const HEADER_BYTES = NONCE_AT + NONCE_BYTES;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const AES_256_GCM_DERIVED = 1;
const MULTI_REGION_PREFIX = 'mrk-';

/** Which key a blob claims to be made with; a claim until the tag has been verified. */
export interface BlobClaim {
  readonly keyId: string;
  readonly version: number;
}

function writeKeyId(out: Buffer, keyId: string): void {
  const multiRegion = keyId.startsWith(MULTI_REGION_PREFIX);
  out[KEY_KIND_AT] = multiRegion ? 1 : 0;
  const digits = multiRegion ? keyId.slice(MULTI_REGION_PREFIX.length) : keyId.replaceAll('-', '');
  const written = out.write(digits, KEY_ID_AT, KEY_ID_BYTES, 'hex');
  if (written !== KEY_ID_BYTES || digits.length !== 2 * KEY_ID_BYTES) throw new Error('Bug: not a key id of ours');
}

function readKeyId(blob: Buffer): string | undefined {
  const digits = blob.toString('hex', KEY_ID_AT, KEY_ID_AT + KEY_ID_BYTES);
  if (blob[KEY_KIND_AT] === 1) return MULTI_REGION_PREFIX + digits;
  if (blob[KEY_KIND_AT] !== 0) return undefined;
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
}

/** The key id and version in the header; undefined for what is not a blob of ours. */
export function readBlobClaim(blob: Buffer): BlobClaim | undefined {
  if (blob.length < HEADER_BYTES + TAG_BYTES || blob.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0)
    return undefined;
  if (blob[ALGORITHM_AT] !== AES_256_GCM_DERIVED) return undefined;
  const keyId = readKeyId(blob);
  const version = blob.readUInt32BE(VERSION_AT);
  return keyId === undefined || version === 0 ? undefined : { keyId, version };
}

/** Encrypts under one backing key; a fresh nonce and so a fresh derived key for every call. */
export function encryptBlob(
  backingKey: KeyObject,
  claim: BlobClaim,
  plaintext: Buffer,
  context?: EncryptionContext,
): Buffer {
  const blob = Buffer.allocUnsafe(HEADER_BYTES + plaintext.length + TAG_BYTES);
  MAGIC.copy(blob, 0);
  writeKeyId(blob, claim.keyId);
  blob.writeUInt32BE(claim.version, VERSION_AT);
  blob[ALGORITHM_AT] = AES_256_GCM_DERIVED;
  publicRandom(blob, NONCE_AT, NONCE_BYTES);

  const key = deriveKey(backingKey, 'keyledger/enc/v1', blob.subarray(NONCE_AT, HEADER_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, blob.subarray(NONCE_AT, NONCE_AT + IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  key.fill(0);
  cipher.setAAD(blob.subarray(0, HEADER_BYTES));
  cipher.setAAD(encodeContext(context));
  cipher.update(plaintext).copy(blob, HEADER_BYTES);
  cipher.final();
  cipher.getAuthTag().copy(blob, HEADER_BYTES + plaintext.length);
  return blob;
}

/** The plaintext, in a buffer of its own; undefined when anything at all is wrong: which it was is nobody's business. */
export function decryptBlob(backingKey: KeyObject, blob: Buffer, context?: EncryptionContext): Buffer | undefined {
  if (readBlobClaim(blob) === undefined) return undefined;
  const key = deriveKey(backingKey, 'keyledger/enc/v1', blob.subarray(NONCE_AT, HEADER_BYTES));
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(NONCE_AT, NONCE_AT + IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  key.fill(0);
  decipher.setAAD(blob.subarray(0, HEADER_BYTES));
  decipher.setAAD(encodeContext(context));
  decipher.setAuthTag(blob.subarray(blob.length - TAG_BYTES));
  const plaintext = decipher.update(blob.subarray(HEADER_BYTES, blob.length - TAG_BYTES));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}
