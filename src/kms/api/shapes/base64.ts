const INVALID = 0;
const VALID = 1;
const alphabet = new Uint8Array(128);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  alphabet[letter.charCodeAt(0)] = VALID;
}
const PAD = 0x3d;

/**
 * How many bytes a base64 text (RFC 4648, section 4: standard alphabet, padded, no white space) stands for;
 * undefined where it is not such a text. Node's own decoder takes whatever it can and drops the rest.
 */
export function base64Bytes(text: string): number | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  if (length === 0) return 0;
  let padding = 0;
  if (text.charCodeAt(length - 1) === PAD) padding = text.charCodeAt(length - 2) === PAD ? 2 : 1;
  for (let at = 0; at < length - padding; at += 1) {
    if ((alphabet[text.charCodeAt(at)] ?? INVALID) === INVALID) return undefined;
  }
  return (length / 4) * 3 - padding;
}

/** The bytes of a text that {@link base64Bytes} has measured, outside the pool that small Buffers share. */
export function decodeBase64(text: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  bytes.write(text, 'base64');
  return bytes;
}
