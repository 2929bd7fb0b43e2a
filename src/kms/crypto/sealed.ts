import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from 'node:crypto';
import { deriveKey, type Label } from './kdf.ts';

const NONCE_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals bytes for our own later use: nonce(16) || AES-256-GCM(ct || tag) under a key derived from the nonce and the label.
 * `aad` names the one place where the record may be opened, so that a record moved elsewhere fails.
 */
export function seal(key: KeyObject, label: Label, aad: string, plaintext: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(NONCE_BYTES + plaintext.length + TAG_BYTES);
  randomFillSync(out, 0, NONCE_BYTES);
  const derived = deriveKey(key, label, out.subarray(0, NONCE_BYTES));
  const cipher = createCipheriv('aes-256-gcm', derived, out.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  derived.fill(0);
  cipher.setAAD(Buffer.from(aad, 'utf8'));
  cipher.update(plaintext).copy(out, NONCE_BYTES);
  cipher.final();
  cipher.getAuthTag().copy(out, out.length - TAG_BYTES);
  return out;
}

/** Opens what {@link seal} made; undefined when the key, the place or a byte is not the one. */
export function unseal(key: KeyObject, label: Label, aad: string, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const derived = deriveKey(key, label, nonce);
  const decipher = createDecipheriv('aes-256-gcm', derived, nonce.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  derived.fill(0);
  decipher.setAAD(Buffer.from(aad, 'utf8'));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plaintext = Buffer.alloc(sealed.length - NONCE_BYTES - TAG_BYTES);
  decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)).copy(plaintext);
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}
