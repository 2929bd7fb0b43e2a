/**
 * The headers of one request, read once. Names are lower-case; a header that came several times has its values joined by
 * a comma in the order they came (RFC 9110, section 5.3), which is also how a signature covers it.
 */
export interface RequestHeaders {
  get(name: string): string | undefined;
  /** In the order they came. */
  names(): Iterable<string>;
  /** Names that came more than once. */
  readonly repeated: readonly string[];
}

const NONE: readonly string[] = [];

/** @param rawHeaders names and values in turn, as `IncomingMessage.rawHeaders` has them. */
export function readHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const byName = new Map<string, string>();
  let repeated = NONE;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    const before = byName.get(name);
    byName.set(name, before === undefined ? value : `${before},${value}`);
    if (before !== undefined) repeated = [...repeated, name];
  }
  return { get: (name) => byName.get(name), names: () => byName.keys(), repeated };
}
