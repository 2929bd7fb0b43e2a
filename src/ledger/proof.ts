import type { Parsed } from '../events/index.ts';
import { decodeBase64, parseDecimal } from './base64.ts';
import { openCheckpoint } from './checkpoint.ts';
import { HASH_BYTES, leafHash, type Hash } from './hash.ts';
import { verifyInclusion } from './merkle-verify.ts';
import type { NoteSignature } from './note.ts';
import { parseVkey } from './vkey.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';

/** An inclusion proof that stands alone (c2sp.org/tlog-proof). */
export interface TlogProof {
  readonly index: number;
  /** From the leaf's sibling up to the root's child. */
  readonly hashes: readonly Hash[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

export function formatProof({ index, hashes, checkpoint }: TlogProof): string {
  const lines = hashes.map((hash) => `${hash.toString('base64')}\n`);
  return `${HEADER}\nindex ${index}\n${lines.join('')}\n${checkpoint}`;
}

/** Inverse of {@link formatProof}. An `extra` line is allowed and, being unauthenticated, passed over. */
export function parseProof(text: string): Parsed<TlogProof> {
  const split = text.indexOf('\n\n');
  if (split < 0) return refuse('not a proof: no blank line before the checkpoint');
  const [header, ...rest] = text.slice(0, split).split('\n');
  if (header !== HEADER) return refuse(`not a proof: the first line is not ${HEADER}`);
  const extra = rest[0]?.startsWith('extra ') === true ? rest.shift()?.slice('extra '.length) : undefined;
  if (extra !== undefined && decodeBase64(extra) === undefined) return refuse('the extra line is not base64');
  const [indexLine, ...hashLines] = rest;
  const index = indexLine?.startsWith('index ') === true ? parseDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) return refuse('the proof names no index');
  const hashes: Hash[] = [];
  for (const line of hashLines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return refuse('a line of the proof is not a hash');
    hashes.push(hash);
  }
  return { ok: true, value: { index, hashes, checkpoint: text.slice(split + 2) } };
}

/** What a proof proves: this entry is number `index` of the first `size` entries of this log. */
export interface ProvenInclusion {
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  readonly root: Hash;
  readonly signatures: readonly NoteSignature[];
}

/**
 * Checks a proof offline, against a verifier key that the reader already trusts. Nothing that the proof says about itself is
 * believed before its checkpoint is verified.
 */
export function verifyProof(text: string, vkey: string, entry: Uint8Array): Parsed<ProvenInclusion> {
  const log = parseVkey(vkey);
  if (!log.ok) return log;
  const proof = parseProof(text);
  if (!proof.ok) return proof;
  const checkpoint = openCheckpoint(proof.value.checkpoint, log.value);
  if (!checkpoint.ok) return checkpoint;
  const { index, hashes } = proof.value;
  const { origin, size, root, signatures } = checkpoint.value;
  if (!verifyInclusion({ index, size, leaf: leafHash(entry), root }, hashes)) {
    return refuse(`the entry is not number ${index} of the tree of ${size} entries`);
  }
  return { ok: true, value: { origin, index, size, root, signatures } };
}

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });
