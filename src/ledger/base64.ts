/** Standard base64 (RFC 4648, section 4), padded; undefined for text that is not exactly what encoding would give. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Buffer.from skips what it does not understand, so only the round trip tells.
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** A decimal without sign or leading zeroes, as sizes and indexes are written; undefined for anything else. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
