import { isUtf8 } from 'node:buffer';
import { refuse, type Refusal } from './refusals.ts';

export type ParsedBody =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly refusal: Refusal };

const malformed: ParsedBody = {
  ok: false,
  // Without the parser's own message: it quotes the text, and the text may be a plaintext.
  refusal: refuse('SerializationException', 'The request body is not UTF-8 JSON'),
};

/** Reads a JSON body; an empty one is an empty object. Depth needs no bound: V8 parses without recursion, and validation descends only as far as its tables. */
export function parseBody(body: Buffer): ParsedBody {
  if (body.length === 0) return { ok: true, value: {} };
  if (!isUtf8(body)) return malformed;
  try {
    return { ok: true, value: JSON.parse(body.toString('utf8')) as unknown };
  } catch {
    return malformed;
  }
}
