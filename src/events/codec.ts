import type { z } from 'zod';
import { canonicalJson } from '../base/index.ts';
import { Alert } from './alert.ts';
import { Finding } from './finding.ts';
import { KeyEvent } from './key-event.ts';
import { KeyStateRow } from './key-state.ts';

/** The outcome of reading bytes that somebody else wrote. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

const decoder = new TextDecoder('utf-8', { fatal: true });

function parser<T>(schema: z.ZodType<T>): (bytes: Uint8Array) => Parsed<T> {
  return (bytes) => {
    let raw: unknown;
    try {
      raw = JSON.parse(decoder.decode(bytes));
    } catch {
      return { ok: false, reason: 'not UTF-8 JSON' };
    }
    const result = schema.safeParse(raw);
    if (result.success) return { ok: true, value: result.data };
    // Paths and codes only: the value itself may be anything, and reasons are logged.
    const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`);
    return { ok: false, reason: faults.slice(0, 5).join('; ') };
  };
}

const encode = (value: unknown): Buffer => Buffer.from(canonicalJson(value), 'utf8');

/** The canonical bytes of an event (RFC 8785): the leaf of the ledger and the value of the Kafka message. */
export const encodeKeyEvent = (event: KeyEvent): Buffer => encode(event);
export const encodeFinding = (finding: Finding): Buffer => encode(finding);
export const encodeAlert = (alert: Alert): Buffer => encode(alert);
export const encodeKeyState = (row: KeyStateRow): Buffer => encode(row);

export const parseKeyEvent = parser(KeyEvent);
export const parseFinding = parser(Finding);
export const parseAlert = parser(Alert);
export const parseKeyState = parser(KeyStateRow);
