import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Parsed } from '../events/index.ts';
import { decodeBase64 } from './base64.ts';

/** Signature type of a plain Ed25519 signature over the note text (c2sp.org/signed-note). */
const ED25519 = 0x01;
const ED25519_BYTES = 32;
const KEY_NAME = /^[^\s+\p{Cc}]+$/u;

/** Checks one key's signatures on notes. (name, keyId) says which signature lines are this key's. */
export interface NoteVerifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || 0x0A || type || public key), as eight hex digits. */
  readonly keyId: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Key names carry neither spaces nor plus signs. */
export const isKeyName = (name: string): boolean => KEY_NAME.test(name) && name.isWellFormed();

/** `name+hex(keyID)+base64(type || key)`: what an auditor is given once, and pins. */
export function formatVkey(name: string, publicKey: KeyObject): string {
  const typed = Buffer.concat([Buffer.of(ED25519), rawPublicKey(publicKey)]);
  return `${name}+${keyIdOf(name, typed)}+${typed.toString('base64')}`;
}

/** A verifier for a vkey; refused where the text is malformed, the id is not the key's, or the algorithm is another. */
export function parseVkey(vkey: string): Parsed<NoteVerifier> {
  const [, name, keyId, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(vkey) ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined || !isKeyName(name)) {
    return { ok: false, reason: 'not a verifier key of the form name+id+key' };
  }
  const typed = decodeBase64(encoded);
  if (typed?.[0] !== ED25519 || typed.length !== 1 + ED25519_BYTES) {
    return { ok: false, reason: 'not an Ed25519 verifier key' };
  }
  if (keyIdOf(name, typed) !== keyId) return { ok: false, reason: 'the id of the verifier key is not that of its key' };
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') },
  });
  return {
    ok: true,
    value: { name, keyId, verify: (message, signature) => verify(null, message, key, signature) },
  };
}

const keyIdOf = (name: string, typedKey: Uint8Array): string =>
  createHash('sha256').update(`${name}\n`, 'utf8').update(typedKey).digest('hex').slice(0, 8);

function rawPublicKey(key: KeyObject): Buffer {
  const { crv, x } = key.export({ format: 'jwk' });
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('The ledger signs with Ed25519');
  return Buffer.from(x, 'base64url');
}
