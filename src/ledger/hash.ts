import { createHash } from 'node:crypto';

/** A SHA-256 value: 32 bytes. */
export type Hash = Buffer;
export const HASH_BYTES = 32;

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** MTH of a single entry: `SHA-256(0x00 || entry)` (RFC 6962, section 2.1). */
export const leafHash = (entry: Uint8Array): Hash => createHash('sha256').update(LEAF).update(entry).digest();

/** An interior node: `SHA-256(0x01 || left || right)`. The prefixes keep a node from passing for a leaf. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Hash =>
  createHash('sha256').update(NODE).update(left).update(right).digest();

/** MTH of the empty tree: the hash of nothing. */
export const EMPTY_ROOT: Hash = createHash('sha256').digest();
