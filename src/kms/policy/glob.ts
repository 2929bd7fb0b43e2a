import { ANY, STAR, textOf, type Token } from './template.ts';

/**
 * A test of whole texts against a pattern with `*` and `?`, without backtracking: the pieces between stars are looked
 * for from left to right, each at its first place, in one pass over the text. A pass costs one step per character and
 * per 32 characters of the longest piece, however hostile pattern and text are.
 */
export function compileGlob(tokens: readonly Token[]): (text: string) => boolean {
  const pieces = splitAtStars(tokens);
  const head = pieces[0] ?? [];
  if (pieces.length === 1)
    return head.includes(ANY) ? (text) => text.length === head.length && isAt(head, text, 0) : equals(textOf(head));
  const tail = pieces.at(-1) ?? [];
  const middle = pieces.slice(1, -1).filter((piece) => piece.length > 0);
  const startsWell = startsWith(head);
  const fixedLength = head.length + tail.length;
  if (fixedLength === 0 && middle.length === 0) return () => true;
  if (middle.length === 0) {
    return (text) => text.length >= fixedLength && startsWell(text) && isAt(tail, text, text.length - tail.length);
  }
  const searches = middle.map(compileSearch);
  return (text) => {
    const end = text.length - tail.length;
    if (text.length < fixedLength || !startsWell(text) || !isAt(tail, text, end)) return false;
    let at = head.length;
    for (const search of searches) {
      at = search(text, at, end);
      if (at === -1) return false;
    }
    return true;
  };
}

const equals =
  (literal: string) =>
  (text: string): boolean =>
    text === literal;

function startsWith(piece: readonly Token[]): (text: string) => boolean {
  if (piece.includes(ANY)) return (text) => isAt(piece, text, 0);
  const literal = textOf(piece);
  return (text) => text.startsWith(literal);
}

function splitAtStars(tokens: readonly Token[]): readonly (readonly Token[])[] {
  let piece: Token[] = [];
  const pieces = [piece];
  for (const token of tokens) {
    if (token === STAR) pieces.push((piece = []));
    else piece.push(token);
  }
  return pieces;
}

/** Whether the piece lies at that place; the text must be long enough. */
function isAt(piece: readonly Token[], text: string, at: number): boolean {
  for (let index = 0; index < piece.length; index += 1) {
    const token = piece[index];
    if (token !== ANY && token !== text.charCodeAt(at + index)) return false;
  }
  return true;
}

/** Index after the first occurrence that begins at `from` or later and ends by `end`; -1 when there is none. */
type Search = (text: string, from: number, end: number) => number;

/**
 * Shift-And (Baeza-Yates and Gonnet, CACM 35(10), 1992): bit i of the state is set while the last i+1 characters read
 * match the first i+1 of the piece. A `?` is a bit that every character keeps.
 */
function compileSearch(piece: readonly Token[]): Search {
  const words = Math.ceil(piece.length / 32);
  const wild = new Int32Array(words);
  const masks = new Map<number, Int32Array>();
  for (const [index, token] of piece.entries()) if (token === ANY) setBit(wild, index);
  for (const [index, token] of piece.entries()) {
    if (token === ANY) continue;
    const mask = masks.get(token) ?? Int32Array.from(wild);
    setBit(mask, index);
    masks.set(token, mask);
  }
  const last = words - 1;
  const accepted = 1 << ((piece.length - 1) % 32);
  return (text, from, end) => {
    const state = new Int32Array(words);
    for (let at = from; at < end; at += 1) {
      const mask = masks.get(text.charCodeAt(at)) ?? wild;
      let carry = 1;
      for (let word = 0; word < words; word += 1) {
        const old = state[word] ?? 0;
        state[word] = ((old << 1) | carry) & (mask[word] ?? 0);
        carry = old >>> 31;
      }
      if (((state[last] ?? 0) & accepted) !== 0) return at + 1;
    }
    return -1;
  };
}

function setBit(words: Int32Array, index: number): void {
  const word = index >>> 5;
  words[word] = (words[word] ?? 0) | (1 << (index & 31));
}
