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
  const pairs = names.map((name) => [Buffer.from(name, 'utf8'), Buffer.from(context[name] ?? '', 'utf8')] as const);
  if (pairs.length > 1) pairs.sort(([a], [b]) => Buffer.compare(a, b));
  let size = 2;
  for (const [name, value] of pairs) size += 4 + name.length + value.length;
  const out = Buffer.allocUnsafe(size);
  let at = out.writeUInt16BE(pairs.length, 0);
  for (const part of pairs.flat()) {
    at = out.writeUInt16BE(part.length, at);
    at += part.copy(out, at);
  }
  return out;
}
