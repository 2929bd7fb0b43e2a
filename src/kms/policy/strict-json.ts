export type StrictJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** No policy nests deeper than eight; a document that does is an attack on whoever walks it. */
const MAX_DEPTH = 32;

/**
 * RFC 8259 JSON in which no object has the same member twice. `JSON.parse` keeps the last of two members in silence, so
 * that a reviewer who reads the first would approve a policy that is not the one in force.
 */
export function parseStrictJson(text: string): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, message: 'This policy contains invalid Json' };
  }
  const fault = findRepeatedMember(text);
  return fault === undefined ? { ok: true, value } : { ok: false, message: fault };
}

/** Walks text that is known to be valid JSON; a string that is followed by a colon is a member's name. */
function findRepeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      if (open.length > MAX_DEPTH) return 'This policy contains too many nested elements';
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const members = open.at(-1);
      if (members !== undefined && isColonNext(text, end)) {
        const name = String(JSON.parse(text.slice(at, end)));
        if (members.has(name)) return `Duplicate element ${name.slice(0, 128)} in policy`;
        members.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isColonNext(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}
