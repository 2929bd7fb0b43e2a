import { assert } from '../base/index.ts';
import { EMPTY_ROOT, nodeHash, type Hash } from './hash.ts';

/** The hash of the complete subtree over leaves `[index * 2^level, (index + 1) * 2^level)`. */
export type NodeReader = (level: number, index: number) => Promise<Hash>;

/** MTH of a list of leaf or subtree hashes of equal height: pairs are joined, an odd one out rises unchanged. */
export function rootOf(hashes: readonly Hash[]): Hash {
  let layer = hashes;
  while (layer.length > 1) {
    const above: Hash[] = [];
    for (let at = 0; at < layer.length; at += 2) {
      const left = layer[at] ?? EMPTY_ROOT;
      const right = layer[at + 1];
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    layer = above;
  }
  return layer[0] ?? EMPTY_ROOT;
}

/** MTH of a tree from the roots of its complete subtrees, largest first. */
export const rootOfPeaks = (peaks: readonly Hash[]): Hash =>
  peaks.length === 0 ? EMPTY_ROOT : peaks.reduceRight((right, left) => nodeHash(left, right));

/** The root of the tree over the first `size` leaves. */
export const treeRoot = (size: number, node: NodeReader): Promise<Hash> =>
  size === 0 ? Promise.resolve(EMPTY_ROOT) : spanRoot(0, size, node);

/** PATH(index, D[size]) of RFC 6962, section 2.1.1: from the leaf's sibling up to the root's child. */
export function inclusionProof(index: number, size: number, node: NodeReader): Promise<Hash[]> {
  assert(index >= 0 && index < size, 'an inclusion proof is for a leaf of the tree');
  return path(index, 0, size, node);
}

/** PROOF(from, D[to]) of RFC 6962, section 2.1.2. Empty where there is nothing to prove: from 0, or between equals. */
export async function consistencyProof(from: number, to: number, node: NodeReader): Promise<Hash[]> {
  assert(from >= 0 && from <= to, 'a consistency proof leads from a smaller tree to a larger one');
  return from === 0 ? [] : subproof(from, 0, to, true, node);
}

async function path(index: number, low: number, high: number, node: NodeReader): Promise<Hash[]> {
  if (high - low === 1) return [];
  const middle = low + splitOf(high - low);
  return index < middle
    ? [...(await path(index, low, middle, node)), await spanRoot(middle, high, node)]
    : [...(await path(index, middle, high, node)), await spanRoot(low, middle, node)];
}

async function subproof(from: number, low: number, high: number, known: boolean, node: NodeReader): Promise<Hash[]> {
  // `known` is the b of the RFC: the verifier already has this subtree's root, it is the old tree.
  if (from === high - low) return known ? [] : [await spanRoot(low, high, node)];
  const split = splitOf(high - low);
  const middle = low + split;
  return from <= split
    ? [...(await subproof(from, low, middle, known, node)), await spanRoot(middle, high, node)]
    : [...(await subproof(from - split, middle, high, false, node)), await spanRoot(low, middle, node)];
}

/** MTH(D[low:high]), where `low` is a multiple of the smallest power of two that is not below `high - low`. */
async function spanRoot(low: number, high: number, node: NodeReader): Promise<Hash> {
  const width = high - low;
  const level = Math.log2(width);
  if (Number.isInteger(level)) return node(level, low / width);
  const middle = low + splitOf(width);
  return nodeHash(await spanRoot(low, middle, node), await spanRoot(middle, high, node));
}

/** The largest power of two smaller than `n`, for n >= 2. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
