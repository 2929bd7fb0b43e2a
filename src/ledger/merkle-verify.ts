import { EMPTY_ROOT, HASH_BYTES, nodeHash, type Hash } from './hash.ts';

const odd = (n: number): boolean => n % 2 === 1;
/** Not `>> 1`: sizes may need more than 32 bits. */
const half = (n: number): number => Math.floor(n / 2);
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** RFC 9162, section 2.1.3.2. False for anything that is not a proof; never throws. */
export function verifyInclusion(
  claim: { readonly index: number; readonly size: number; readonly leaf: Hash; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (!isSize(claim.index) || !isSize(claim.size) || claim.index >= claim.size) return false;
  if (proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  let position = claim.index;
  let last = claim.size - 1;
  let hash = claim.leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (odd(position) || position === last) {
      hash = nodeHash(sibling, hash);
      while (!odd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && hash.equals(claim.root);
}

/** A tree head: how many leaves, and their root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

/** RFC 9162, section 2.1.4.2: the newer tree begins with the older one. False for anything else; never throws. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly Hash[]): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) return false;
  if (proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  if (older.size === 0) return proof.length === 0 && older.root.equals(EMPTY_ROOT);
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);

  let position = older.size - 1;
  let last = newer.size - 1;
  while (odd(position)) {
    position = half(position);
    last = half(last);
  }
  // An older tree that is one complete subtree is its own first proof node.
  const [first, ...rest] = position === 0 ? [older.root, ...proof] : proof;
  if (first === undefined) return false;
  let olderRoot = first;
  let newerRoot = first;
  for (const hash of rest) {
    if (last === 0) return false;
    if (odd(position) || position === last) {
      olderRoot = nodeHash(hash, olderRoot);
      newerRoot = nodeHash(hash, newerRoot);
      while (!odd(position) && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      newerRoot = nodeHash(newerRoot, hash);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && olderRoot.equals(older.root) && newerRoot.equals(newer.root);
}
