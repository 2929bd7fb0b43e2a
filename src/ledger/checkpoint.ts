import type { Parsed } from '../events/index.ts';
import { decodeBase64, parseDecimal } from './base64.ts';
import { HASH_BYTES } from './hash.ts';
import type { TreeHead } from './merkle-verify.ts';
import { openNote, type NoteSignature } from './note.ts';
import type { NoteVerifier } from './vkey.ts';

/** What a checkpoint says: this log, at this size, has this root. */
export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

/** The signed text of a checkpoint (c2sp.org/tlog-checkpoint), without extension lines: nobody could audit them. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

/** Inverse of {@link formatCheckpoint}; extension lines are refused. */
export function parseCheckpoint(text: string): Parsed<Checkpoint> {
  const [origin, size, root, end, ...more] = text.split('\n');
  const parsedSize = parseDecimal(size ?? '');
  const parsedRoot = decodeBase64(root ?? '');
  if (origin === undefined || origin === '' || end !== '' || more.length > 0) {
    return { ok: false, reason: 'a checkpoint has three lines: origin, size and root' };
  }
  if (parsedSize === undefined) return { ok: false, reason: 'the size of the checkpoint is not a decimal' };
  if (parsedRoot?.length !== HASH_BYTES) return { ok: false, reason: 'the root of the checkpoint is not a hash' };
  return { ok: true, value: { origin, size: parsedSize, root: parsedRoot } };
}

/** A checkpoint whose log signature verified, and who else of the known signed it. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly signatures: readonly NoteSignature[];
}

/**
 * Opens a signed checkpoint. The log's key must have signed it and its origin must be the log's name, so that a checkpoint
 * of another log of the same owner is not taken for this one; `others` are further keys, whose signatures are checked.
 */
export function openCheckpoint(
  note: string,
  log: NoteVerifier,
  others: readonly NoteVerifier[] = [],
): Parsed<OpenedCheckpoint> {
  const opened = openNote(note, [log, ...others]);
  if (!opened.ok) return opened;
  if (!opened.value.signatures.some(({ name, keyId }) => name === log.name && keyId === log.keyId)) {
    return { ok: false, reason: `not signed by ${log.name}` };
  }
  const parsed = parseCheckpoint(opened.value.text);
  if (!parsed.ok) return parsed;
  if (parsed.value.origin !== log.name) return { ok: false, reason: `a checkpoint of another log than ${log.name}` };
  return { ok: true, value: { ...parsed.value, signatures: opened.value.signatures } };
}
