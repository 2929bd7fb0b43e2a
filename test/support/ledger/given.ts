import { createPrivateKey } from 'node:crypto';
import { leafHash, nodeHash, signerOf, EMPTY_ROOT, type EntrySource, type Hash } from '../../../src/ledger/index.ts';

/** PKCS#8 of an Ed25519 seed (RFC 8410): a fixed prefix, then 32 bytes. */
export const keyOfSeed = (seed: Uint8Array): ReturnType<typeof createPrivateKey> =>
  createPrivateKey({
    format: 'der',
    type: 'pkcs8',
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  });

export const ORIGIN = 'keyledger.test/log';
export const signer = signerOf(ORIGIN, keyOfSeed(Buffer.alloc(32, 7)));

/** Entry `index` of every log in these tests. */
export const entry = (index: number): Buffer => Buffer.from(`{"seq":${index + 1},"note":"entry ${index}"}`);
export const entries = (from: number, to: number): Buffer[] =>
  Array.from({ length: to - from }, (_, at) => entry(from + at));

/** A journal of `count` events that may grow. */
export function journalOf(count: number, bytesOf: (index: number) => Buffer = entry): EntrySource & { count: number } {
  return {
    count,
    head() {
      return this.count;
    },
    read(from, limit) {
      const length = Math.max(0, Math.min(limit, this.count - from + 1));
      return Array.from({ length }, (_, at) => ({ seq: from + at, bytes: bytesOf(from + at - 1) }));
    },
  };
}

/** MTH word for word as RFC 6962, section 2.1 has it: slow, and independent of the ledger's own tree. */
export function referenceRoot(leaves: readonly Buffer[]): Hash {
  const [only] = leaves;
  if (only === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return leafHash(only);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}
