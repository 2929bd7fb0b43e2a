import type { z } from 'zod';
import { canonicalJson } from '../base/index.ts';
import { Alert } from './alert.ts';
import { Finding } from './finding.ts';
import { KeyEvent } from './key-event.ts';
import { KeyStateRow } from './key-state.ts';

/** The outcome of reading bytes that somebody else wrote. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

// A byte order mark is not part of the canonical form: kept, it makes JSON.parse refuse.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** In canonical text this is a member of that name and nothing else; zod drops it without a word. */
const UNKEEPABLE_MEMBER = '"__proto__":';

function parser<T>(schema: z.ZodType<T>): (bytes: Uint8Array) => Parsed<T> {
  return (bytes) => {
    let raw: unknown;
    try {
      const text = decoder.decode(bytes);
      if (text.includes(UNKEEPABLE_MEMBER)) return { ok: false, reason: 'a member named __proto__' };
      raw = JSON.parse(text);
    } catch {
      return { ok: false, reason: 'not UTF-8 JSON' };
    }
    const result = check(schema, raw);
    if (result === undefined) return { ok: false, reason: 'nested too deeply' };
    if (result.success) return { ok: true, value: result.data };
    // Paths and codes only: the value itself may be anything, and reasons are logged.
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`);
    return { ok: false, reason: faults.slice(0, 5).join('; ').slice(0, MAX_REASON) };
  };
}

/** In UTF-16 code units. A path may hold names that callers chose, of any length. */
const MAX_REASON = 500;

/** Undefined when the value is nested so deeply that the check ran out of stack: poison must not look like an outage. */
function check<T>(schema: z.ZodType<T>, raw: unknown): z.ZodSafeParseResult<T> | undefined {
  try {
    return schema.safeParse(raw);
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

const encode = (value: unknown): Buffer => Buffer.from(canonicalJson(value), 'utf8');

export const encodeFinding = (finding: Finding): Buffer => encode(finding);
export const encodeAlert = (alert: Alert): Buffer => encode(alert);
export const encodeKeyState = (row: KeyStateRow): Buffer => encode(row);

export const parseKeyEvent = parser(KeyEvent);
export const parseFinding = parser(Finding);
export const parseAlert = parser(Alert);
export const parseKeyState = parser(KeyStateRow);
