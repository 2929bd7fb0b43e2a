/** An encryption context as the API carries it: not secret, authenticated. */
export type EncryptionContext = Readonly<Record<string, string>>;

const EMPTY = Buffer.from([0, 0]);

/**
 * The bytes that bind an encryption context to a ciphertext: u16 number of pairs, then each pair, sorted by the UTF-8 bytes
 * of its key, as u16 length and bytes of key and of value (big endian). Lengths instead of separators, so that no two contexts
 * have the same bytes; the empty context is two zero bytes.
 *
 * @throws RangeError when a key or value exceeds 65,535 bytes, which the API's own limits exclude.
 */
export function encodeContext(context: EncryptionContext | undefined): Buffer {
  if (context === undefined) return EMPTY;
  const names = Object.keys(context);
  if (names.length === 0) return EMPTY;
  if (names.length > 1) names.sort(byUtf8);
  let size = 2;
  for (const name of names) size += 4 + Buffer.byteLength(name) + Buffer.byteLength(context[name] ?? '');
  const out = Buffer.allocUnsafe(size);
  let at = out.writeUInt16BE(names.length, 0);
  for (const name of names) {
    at = writeText(out, name, at);
    at = writeText(out, context[name] ?? '', at);
  }
  return out;
}

/** UTF-16 and UTF-8 order texts differently only where surrogates are. */
const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));

function writeText(out: Buffer, text: string, at: number): number {
  const written = out.write(text, at + 2, 'utf8');
  out.writeUInt16BE(written, at);
  return at + 2 + written;
}
