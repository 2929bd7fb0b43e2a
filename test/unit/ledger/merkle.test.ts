import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_ROOT, leafHash, type Hash } from '../../../src/ledger/hash.ts';
import { HashEdge } from '../../../src/ledger/hash-edge.ts';
import { consistencyProof, inclusionProof, rootOf, treeRoot, type NodeReader } from '../../../src/ledger/merkle.ts';
import { verifyConsistency, verifyInclusion } from '../../../src/ledger/merkle-verify.ts';
import { entries, referenceRoot } from '../../support/ledger/given.ts';

// The tree that the tests of every Certificate Transparency implementation share.
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const known = LEAVES.map((hex) => leafHash(Buffer.from(hex, 'hex')));
const readerOf =
  (leaves: readonly Hash[]): NodeReader =>
  (level, index) =>
    Promise.resolve(rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));

const hex = (hashes: readonly Hash[]): string[] => hashes.map((hash) => hash.toString('hex'));

test('the roots of the known tree are the published ones, however they are computed', async () => {
  const edge = new HashEdge();
  for (let size = 0; size <= known.length; size += 1) {
    const leaf = known[size - 1];
    if (leaf !== undefined) edge.append(leaf, () => undefined);
    expect(rootOf(known.slice(0, size)).toString('hex')).toBe(ROOTS[size]);
    expect((await treeRoot(size, readerOf(known))).toString('hex')).toBe(ROOTS[size]);
    expect(edge.root().toString('hex')).toBe(ROOTS[size]);
  }
});

test('proofs of the known tree are the published ones', async () => {
  expect(hex(await inclusionProof(0, 8, readerOf(known)))).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]);
  expect(hex(await consistencyProof(6, 8, readerOf(known)))).toEqual([
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
});

const LIMIT = 300;
const bytes = entries(0, LIMIT);
const leaves = bytes.map(leafHash);
const reader = readerOf(leaves);
const roots = [EMPTY_ROOT];
for (let size = 1; size <= LIMIT; size += 1) roots.push(rootOf(leaves.slice(0, size)));
const rootAt = (size: number): Hash => roots[size] ?? EMPTY_ROOT;
const sizes = fc.integer({ min: 1, max: LIMIT });

test('a root is the MTH of RFC 6962 for any number of leaves', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      expect(rootAt(size)).toEqual(referenceRoot(bytes.slice(0, size)));
    }),
  );
});

test('an appended tree has the root of the whole one, over the edges of tiles', () => {
  const edge = new HashEdge();
  for (const [at, leaf] of leaves.entries()) {
    edge.append(leaf, () => undefined);
    expect(edge.root()).toEqual(rootAt(at + 1));
  }
});

test('every leaf of every small tree can be proven', async () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const proof = await inclusionProof(index, size, reader);
      const claim = { index, size, leaf: leaves[index]!, root: rootAt(size) };
      expect(verifyInclusion(claim, proof)).toBe(true);
    }
  }
});

test('an inclusion proof holds for its leaf, index, size and root only', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, pick, other) => {
      const index = pick % size;
      const claim = { index, size, leaf: leaves[index]!, root: rootAt(size) };
      const proof = await inclusionProof(index, size, reader);
      expect(verifyInclusion(claim, proof)).toBe(true);

      const wrong = other % size;
      if (wrong !== index) {
        expect(verifyInclusion({ ...claim, index: wrong }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, leaf: leaves[wrong]! }, proof)).toBe(false);
      }
      expect(verifyInclusion({ ...claim, root: rootAt(size - 1) }, proof)).toBe(false);
      expect(verifyInclusion({ ...claim, index: size }, proof)).toBe(false);
      expect(verifyInclusion(claim, [...proof, EMPTY_ROOT])).toBe(false);
      if (proof.length > 0) {
        const at = other % proof.length;
        expect(verifyInclusion(claim, proof.toSpliced(at, 1))).toBe(false);
        const flipped = Buffer.from(proof[at]!);
        flipped[other % 32]! ^= 1 << (other % 8);
        expect(verifyInclusion(claim, proof.with(at, flipped))).toBe(false);
      }
    }),
  );
});

test('any tree is consistent with any older one of the same log', async () => {
  for (let to = 0; to <= 40; to += 1) {
    for (let from = 0; from <= to; from += 1) {
      const proof = await consistencyProof(from, to, reader);
      const [older, newer] = [
        { size: from, root: rootAt(from) },
        { size: to, root: rootAt(to) },
      ];
      expect(verifyConsistency(older, newer, proof)).toBe(true);
    }
  }
});

test('a consistency proof holds for its two trees only', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, sizes, fc.nat(), async (one, two, other) => {
      const [from, to] = [Math.min(one, two), Math.max(one, two)];
      const older = { size: from, root: rootAt(from) };
      const newer = { size: to, root: rootAt(to) };
      const proof = await consistencyProof(from, to, reader);
      expect(verifyConsistency(older, newer, proof)).toBe(true);

      const forked = rootOf(leaves.slice(0, from).with(other % from, EMPTY_ROOT));
      expect(verifyConsistency({ ...older, root: forked }, newer, proof)).toBe(false);
      expect(verifyConsistency(older, { ...newer, root: EMPTY_ROOT }, proof)).toBe(false);
      expect(verifyConsistency(older, newer, [...proof, EMPTY_ROOT])).toBe(false);
      if (from < to) expect(verifyConsistency(newer, older, proof)).toBe(false);
      if (proof.length > 0) expect(verifyConsistency(older, newer, proof.slice(1))).toBe(false);
    }),
  );
});

test('nonsense is refused, not thrown at', () => {
  const claim = { index: 0, size: 1, leaf: leaves[0]!, root: leaves[0]! };
  expect(verifyInclusion(claim, [])).toBe(true);
  expect(verifyInclusion({ ...claim, index: -1 }, [])).toBe(false);
  expect(verifyInclusion({ ...claim, size: 2 ** 60 }, [])).toBe(false);
  expect(verifyInclusion(claim, [Buffer.alloc(31)])).toBe(false);
  expect(verifyConsistency({ size: 1, root: leaves[0]! }, { size: NaN, root: leaves[0]! }, [])).toBe(false);
  expect(verifyConsistency({ size: 1, root: leaves[0]! }, { size: 2, root: leaves[0]! }, [Buffer.alloc(0)])).toBe(
    false,
  );
});
