import { canonicalJson } from '../base/index.ts';
import type { Change } from '../events/index.ts';
import { refuse, type Refusal as ApiRefusal } from './api/index.ts';
import type { Input } from './call.ts';
import { refusal, type Refusal } from './domain/index.ts';
import { requestFacts } from './evidence.ts';

/*
 * A call is carried out only if its event will fit an entry of the ledger, which holds 65,535 bytes. What does not fit is refused before anything
 * is done, and the refusal is recorded without it.
 */

/** The rest of an entry is for what the service adds: who, where, which key, what decided, how long. */
const MAX_FACTS_BYTES = 60_000;
/** Names and values of one encryption context together, in UTF-8. */
const MAX_CONTEXT_BYTES = 8192;
const CONTEXTS = ['EncryptionContext', 'SourceEncryptionContext', 'DestinationEncryptionContext'] as const;

/** A body of no more than this holds nothing that could be too large. */
export const ALWAYS_RECORDABLE_BYTES = MAX_CONTEXT_BYTES;

/** Undefined where the request can be recorded whole. */
export function refuseUnrecordable(input: Input): ApiRefusal | undefined {
  for (const name of CONTEXTS) {
    const context = input[name] as Readonly<Record<string, string>> | undefined;
    if (context === undefined || contextBytes(context) <= MAX_CONTEXT_BYTES) continue;
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    return refuse(
      'ValidationException',
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have size less than or equal to ${MAX_CONTEXT_BYTES}`,
    );
  }
  if (bytesOf(factsOf(input)) <= MAX_FACTS_BYTES) return undefined;
  return refuse('ValidationException', 'The parameters together are too large to be recorded; shorten them.');
}

/** Undefined where the request and the facts that follow from it fit one event. */
export function tooLargeForEvidence(input: Input, changes: readonly Change[]): Refusal | undefined {
  if (changes.length === 0 || bytesOf(factsOf(input)) + bytesOf(changes) <= MAX_FACTS_BYTES) return undefined;
  return refusal(
    'LimitExceededException',
    'Description, tags and policy together are too large to be recorded; shorten them.',
  );
}

function contextBytes(context: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name of Object.keys(context)) bytes += Buffer.byteLength(name) + Buffer.byteLength(context[name] ?? '');
  return bytes;
}

const factsOf = (input: Input): unknown => [requestFacts(input), ...CONTEXTS.map((name) => input[name] ?? null)];
const bytesOf = (facts: unknown): number => Buffer.byteLength(canonicalJson(facts));
