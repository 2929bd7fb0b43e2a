import { createHmac, type KeyObject } from 'node:crypto';

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

/**
 * Key derivation in counter mode with HMAC-SHA256, one block (NIST SP 800-108 rev. 1, section 4.1):
 * `HMAC(key, [1]_32 || label || 0x00 || context || [256]_32)`.
 *
 * @returns 32 bytes.
 */
export const deriveKey = (key: KeyObject, label: Label, context: Uint8Array): Buffer =>
  createHmac('sha256', key).update(prefixOf(label)).update(context).update(LENGTH_256).digest();
