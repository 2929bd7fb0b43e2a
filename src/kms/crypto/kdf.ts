import type { KeyObject } from 'node:crypto';
import { HmacSha256 } from '../../base/index.ts';

const COUNTER_1 = Buffer.from([0, 0, 0, 1]);
const LENGTH_256 = Buffer.from([0, 0, 1, 0]);

/** What a derived key is for. One label per purpose, so that no two purposes ever share a key. */
export type Label =
  | 'keyledger/enc/v1'
  | 'keyledger/wrap/v1'
  | 'keyledger/seal/v1'
  | 'keyledger/page-token/v1'
  | 'keyledger/fingerprint/v1'
  | 'keyledger/material-id/v1';

const prefixes = new Map<Label, Buffer>();

function prefixOf(label: Label): Buffer {
  let prefix = prefixes.get(label);
  if (prefix === undefined) {
    prefix = Buffer.concat([COUNTER_1, Buffer.from(label, 'utf8'), Buffer.from([0])]);
    prefixes.set(label, prefix);
  }
  return prefix;
}

const prf = new WeakMap<KeyObject, HmacSha256>();

/** HMAC-SHA256 under a key object; its padded blocks are kept as long as the key itself. */
export function hmacOf(key: KeyObject): HmacSha256 {
  let hmac = prf.get(key);
  if (hmac === undefined) {
    const bytes = key.export();
    prf.set(key, (hmac = new HmacSha256(bytes)));
    bytes.fill(0);
  }
  return hmac;
}

/**
 * Key derivation in counter mode with HMAC-SHA256, one block (NIST SP 800-108 rev. 1, section 4.1):
 * `HMAC(key, [1]_32 || label || 0x00 || context || [256]_32)`.
 *
 * @returns 32 bytes.
 */
export const deriveKey = (key: KeyObject, label: Label, context: Uint8Array): Buffer =>
  hmacOf(key).digest(prefixOf(label), context, LENGTH_256);
