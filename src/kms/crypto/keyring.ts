import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { OperationalError } from '../../base/index.ts';
import { secretRandom } from './random.ts';
import { Secret } from './secret.ts';
import { seal, unseal } from './sealed.ts';
import { deriveKey, hmacOf } from './kdf.ts';

const KEY_BYTES = 32;
const KEYRING_PLACE = 'keyring/1';
const FINGERPRINT_HEX_DIGITS = 32;
const NO_CONTEXT = Buffer.alloc(0);

/** A keyring as it is stored: one 256-bit key sealed by the root key. */
export function createSealedKeyring(rootKey: KeyObject): Buffer {
  const bytes = secretRandom(KEY_BYTES);
  try {
    return seal(rootKey, 'keyledger/wrap/v1', KEYRING_PLACE, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Wraps backing keys and secrets, and derives the keys of everything that is only recognised, never decrypted. */
export class Keyring {
  readonly #key: KeyObject;
  readonly #fingerprints: KeyObject;
  readonly #materialIds: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.#fingerprints = createSecretKey(deriveKey(key, 'keyledger/fingerprint/v1', NO_CONTEXT));
    this.#materialIds = createSecretKey(deriveKey(key, 'keyledger/material-id/v1', NO_CONTEXT));
  }

  /** @throws OperationalError ROOT_KEY_UNUSABLE when the root key is not the one that sealed it. */
  static open(rootKey: KeyObject, sealedKeyring: Uint8Array): Keyring {
    const bytes = unseal(rootKey, 'keyledger/wrap/v1', KEYRING_PLACE, sealedKeyring);
    if (bytes === undefined)
      throw new OperationalError(
        'ROOT_KEY_UNUSABLE',
        'This root key did not seal this data directory; put back the root key file that belongs to it.',
      );
    try {
      return new Keyring(createSecretKey(bytes));
    } finally {
      bytes.fill(0);
    }
  }

  /** Wraps key material for one place, such as a key ARN and version. */
  wrap(place: string, material: Secret): Buffer {
    return material.use((bytes) => seal(this.#key, 'keyledger/wrap/v1', place, bytes));
  }

  /** @throws OperationalError KEY_MATERIAL_CORRUPT when the record is damaged or lies in another record's place. */
  unwrap(place: string, wrapped: Uint8Array): Secret {
    const secret = this.tryUnwrap(place, wrapped);
    if (secret === undefined)
      throw new OperationalError(
        'KEY_MATERIAL_CORRUPT',
        `The wrapped key of ${place} fails authentication; restore the data directory from a backup.`,
      );
    return secret;
  }

  /** The secret that was wrapped for a place; undefined for anything else, for what callers hand in. */
  tryUnwrap(place: string, wrapped: Uint8Array): Secret | undefined {
    const bytes = unseal(this.#key, 'keyledger/wrap/v1', place, wrapped);
    return bytes === undefined ? undefined : Secret.own(bytes);
  }

  /** An opaque, authenticated token for one purpose, such as the marker of a paginated list. */
  sealToken(purpose: string, text: string): string {
    return seal(this.#key, 'keyledger/page-token/v1', purpose, Buffer.from(text, 'utf8')).toString('base64url');
  }

  /** The text of a token made for the same purpose; undefined for any other string. */
  openToken(purpose: string, token: string): string | undefined {
    const sealed = Buffer.from(token, 'base64url');
    // The decoder takes what is not base64url, and spare bits in the last letter: only the text we wrote is ours.
    if (token === '' || sealed.toString('base64url') !== token) return undefined;
    return unseal(this.#key, 'keyledger/page-token/v1', purpose, sealed)?.toString('utf8');
  }

  /** 128 bits of HMAC-SHA256 in hex, by which one ciphertext can be followed without being kept. */
  fingerprint(ciphertext: Uint8Array): string {
    return hmacOf(this.#fingerprints).hex(ciphertext).slice(0, FINGERPRINT_HEX_DIGITS);
  }

  /** The public name of key material: equal for equal material of one key, and telling nothing of it. */
  materialId(place: string, material: Secret): string {
    return material.use((bytes) =>
      createHmac('sha256', this.#materialIds).update(place).update('\0').update(bytes).digest('hex'),
    );
  }
}
