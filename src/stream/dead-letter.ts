import { z } from 'zod';
import { canonicalJson, toIsoMicros } from '../base/index.ts';
import { TOPICS, Time, type Parsed, type Topic } from '../events/index.ts';

/** A message that a consumer could not use, with its reason: one per group that met it, known by topic, group, partition and offset. */
export const DeadLetter = z.strictObject({
  v: z.literal(1),
  topic: z.enum(TOPICS),
  group: z.string().min(1).max(256),
  partition: z.int().min(0),
  offset: z.int().min(0),
  reason: z.string().max(1024),
  time: Time,
  /** The message's value, or its beginning where it is larger than `MOST_KEPT_BYTES`. */
  bytesBase64: z.base64(),
  /** Bytes of the whole value. */
  sizeBytes: z.int().min(0),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** So that the dead letter of the largest message a broker takes is itself taken. The whole message stays at its offset. */
export const MOST_KEPT_BYTES = 512 * 1024;
const MOST_REASON_CHARACTERS = 1024;

export interface Poison {
  readonly topic: Topic;
  readonly group: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** @param nowUs wall time in microseconds since the Unix epoch */
export function toDeadLetter({ bytes, reason, ...where }: Poison, nowUs: number): DeadLetter {
  const kept = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MOST_KEPT_BYTES));
  return {
    v: 1,
    ...where,
    // A reason may quote what somebody else wrote.
    reason: reason.slice(0, MOST_REASON_CHARACTERS).toWellFormed(),
    time: toIsoMicros(nowUs),
    bytesBase64: kept.toString('base64'),
    sizeBytes: bytes.byteLength,
  };
}

export const encodeDeadLetter = (letter: DeadLetter): Buffer => Buffer.from(canonicalJson(letter));

export function parseDeadLetter(bytes: Uint8Array): Parsed<DeadLetter> {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, reason: 'not UTF-8 JSON' };
  }
  const result = DeadLetter.safeParse(raw);
  if (result.success) return { ok: true, value: result.data };
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`);
  return { ok: false, reason: faults.slice(0, 5).join('; ') };
}
