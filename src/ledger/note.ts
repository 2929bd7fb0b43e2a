import type { Parsed } from '../events/index.ts';
import { decodeBase64 } from './base64.ts';
import type { NoteVerifier } from './vkey.ts';

const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;
const KEY_ID_BYTES = 4;
// eslint-disable-next-line no-control-regex -- the specification forbids exactly these
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u;

/** Which key signed. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
}

/** A note whose known signatures all verified. Signatures of unknown keys are ignored, as the specification demands. */
export interface OpenedNote {
  /** The signed text, its last newline included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** One signature line: `— name base64(keyID || signature)`. */
export function signatureLine({ name, keyId }: NoteSignature, signature: Uint8Array): string {
  return `\u2014 ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`;
}

/** Text and signature lines as one note (c2sp.org/signed-note). */
export const formatNote = (text: string, signatureLines: readonly string[]): string =>
  `${text}\n${signatureLines.join('')}`;

/**
 * Opens a note: accepted when at least one of the given keys signed it and none of them signed it wrongly.
 * What is refused must not be read: it is not returned.
 */
export function openNote(note: string, known: readonly NoteVerifier[]): Parsed<OpenedNote> {
  if (note.length > MAX_NOTE_BYTES) return refuse('a note longer than 1,000,000 characters');
  if (!note.isWellFormed() || CONTROL.test(note)) return refuse('a note with control characters');
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return refuse('not a note: no blank line before its signatures');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return refuse('a note with more than 100 signatures');

  const message = Buffer.from(text, 'utf8');
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const parsed = parseSignatureLine(line);
    if (parsed === undefined) return refuse('a malformed signature line');
    const verifier = known.find(({ name, keyId }) => name === parsed.name && keyId === parsed.keyId);
    if (verifier === undefined) continue;
    if (!verifier.verify(message, parsed.signature)) return refuse(`the signature of ${parsed.name} is wrong`);
    signatures.push({ name: verifier.name, keyId: verifier.keyId });
  }
  if (signatures.length === 0) return refuse('no signature of a known key');
  return { ok: true, value: { text, signatures } };
}

function parseSignatureLine(line: string): (NoteSignature & { readonly signature: Buffer }) | undefined {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: bytes.toString('hex', 0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

const refuse = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });
