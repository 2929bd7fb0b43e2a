import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatCheckpoint,
  formatNote,
  leafHash,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  parseVkey,
  signatureLine,
  signerOf,
  type LedgerSigner,
  type NoteVerifier,
} from '../../../src/ledger/index.ts';
import { keyOfSeed, ORIGIN, signer } from '../../support/ledger/given.ts';

// The example of golang.org/x/mod/sumdb/note, signing key included.
const SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const verifierOf = (vkey: string): NoteVerifier => {
  const parsed = parseVkey(vkey);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};

const lineOf = (by: LedgerSigner, text: string): string =>
  signatureLine(verifierOf(by.vkey), by.sign(Buffer.from(text)) as Uint8Array);

const log = verifierOf(signer.vkey);
const other = signerOf('witness.test/one', keyOfSeed(Buffer.alloc(32, 9)));

test('a key has the verifier key that Go gives it, and signs as Go does', () => {
  const peter = signerOf('PeterNeumann', keyOfSeed(SEED));
  expect(peter.vkey).toBe(VKEY);
  expect(lineOf(peter, TEXT)).toBe(LINE);
});

test('a note that Go signed opens', () => {
  expect(openNote(formatNote(TEXT, [LINE]), [verifierOf(VKEY)])).toEqual({
    ok: true,
    value: { text: TEXT, signatures: [{ name: 'PeterNeumann', keyId: 'c74f20a3' }] },
  });
});

test.each([
  ['the id of another key', VKEY.replace('c74f20a3', 'c74f20a4')],
  ['another algorithm', VKEY.replace('+ARpc', '+Ahpc')],
  ['a name with a space', VKEY.replace('Peter', 'Peter ')],
  ['no name', VKEY.replace('PeterNeumann', '')],
  ['a truncated key', VKEY.slice(0, -4)],
  ['bad base64', `${VKEY}!`],
  ['nothing at all', ''],
])('a verifier key with %s is refused', (_, vkey) => {
  expect(parseVkey(vkey).ok).toBe(false);
});

test('signatures of unknown keys are ignored, but one of a known key must be there', () => {
  const both = formatNote(TEXT, [lineOf(other, TEXT), lineOf(signer, TEXT)]);
  expect(openNote(both, [log])).toMatchObject({ ok: true, value: { signatures: [{ name: ORIGIN }] } });
  expect(openNote(formatNote(TEXT, [lineOf(other, TEXT)]), [log])).toEqual({
    ok: false,
    reason: 'no signature of a known key',
  });
});

test('one wrong signature of a known key spoils the note', () => {
  const note = formatNote(TEXT, [lineOf(signer, TEXT), lineOf(other, 'something else\n')]);
  expect(openNote(note, [log]).ok).toBe(true);
  expect(openNote(note, [log, verifierOf(other.vkey)])).toEqual({
    ok: false,
    reason: 'the signature of witness.test/one is wrong',
  });
});

test.each([
  ['no blank line', TEXT],
  ['no signatures', `${TEXT}\n`],
  ['a missing last newline', formatNote(TEXT, [LINE]).slice(0, -1)],
  ['a carriage return', formatNote(TEXT.replace('\n', '\r\n'), [LINE])],
  ['a hyphen for a dash', formatNote(TEXT, [LINE.replace('—', '-')])],
  ['a signature that is only a key id', formatNote(TEXT, ['— PeterNeumann x08gow==\n', LINE])],
  ['too many signatures', formatNote(TEXT, Array<string>(101).fill(LINE))],
])('a note with %s is refused', (_, note) => {
  expect(openNote(note, [verifierOf(VKEY)]).ok).toBe(false);
});

const checkpoint = { origin: ORIGIN, size: 70_000, root: leafHash(Buffer.from('x')) };
const text = formatCheckpoint(checkpoint);
const note = formatNote(text, [lineOf(signer, text)]);

test('a checkpoint is read as it was written', () => {
  expect(parseCheckpoint(text)).toEqual({ ok: true, value: checkpoint });
  expect(openCheckpoint(note, log)).toMatchObject({ ok: true, value: checkpoint });
});

test('a witness may sign too, and is named', () => {
  const cosigned = formatNote(text, [lineOf(signer, text), lineOf(other, text)]);
  const opened = openCheckpoint(cosigned, log, [verifierOf(other.vkey)]);
  expect(opened).toMatchObject({ value: { signatures: [{ name: ORIGIN }, { name: 'witness.test/one' }] } });
});

test('a checkpoint that only a witness signed is refused', () => {
  const unsigned = formatNote(text, [lineOf(other, text)]);
  expect(openCheckpoint(unsigned, log, [verifierOf(other.vkey)])).toEqual({
    ok: false,
    reason: `not signed by ${ORIGIN}`,
  });
});

test('a checkpoint of another log is refused, though the key is the same', () => {
  const foreign = formatCheckpoint({ ...checkpoint, origin: 'keyledger.test/other' });
  expect(openCheckpoint(formatNote(foreign, [lineOf(signer, foreign)]), log).ok).toBe(false);
});

test.each([
  ['an extension line', `${text}extension\n`],
  ['a leading zero', text.replace('70000', '070000')],
  ['a negative size', text.replace('70000', '-1')],
  ['a size beyond counting', text.replace('70000', '9007199254740993')],
  ['a short root', text.replace(/\S+\n$/, 'AAAA\n')],
  ['no origin', text.replace(ORIGIN, '')],
  ['no last newline', text.slice(0, -1)],
])('a checkpoint with %s is refused', (_, changed) => {
  expect(parseCheckpoint(changed).ok).toBe(false);
});

test('a checkpoint with any one bit flipped is refused', () => {
  const bytes = Buffer.from(note);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      expect(openCheckpoint(flipped.toString('utf8'), log).ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});
