import type { KeyEvent, Outcome } from '../events/index.ts';
import type { Decided, EventDraft } from '../journal/index.ts';
import { OPERATIONS as API } from './api/index.ts';
import type { Answer, Call, Done, Input, Notes } from './call.ts';

/** How each refusal counts: `denied` is a security decision, `throttled` ours to size, `failed` our fault, the rest the caller's mistake. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  AccessDeniedException: 'denied',
  IncompleteSignatureException: 'denied',
  InvalidSignatureException: 'denied',
  MissingAuthenticationTokenException: 'denied',
  NotAuthorizedException: 'denied',
  UnrecognizedClientException: 'denied',
  ThrottlingException: 'throttled',
  KMSInternalException: 'failed',
  KeyUnavailableException: 'failed',
  DependencyTimeoutException: 'failed',
};

/** Members that never become part of an event's request: secrets, bytes, and what has a field of its own. */
const LEFT_OUT = new Set([
  'Plaintext',
  'CiphertextBlob',
  'EncryptionContext',
  'SourceEncryptionContext',
  'DestinationEncryptionContext',
  'Policy',
  'Description',
  'Tags',
  'Marker',
  'GrantToken',
  'GrantTokens',
  'Recipient',
  'Message',
  'Signature',
  'Mac',
  'EncryptedKeyMaterial',
  'ImportToken',
  'KeyStorePassword',
  'XksProxyAuthenticationCredential',
  'TrustAnchorCertificate',
  'PublicKey',
  'SharedSecretCiphertextBlob',
]);

/** The operation's own parameters as evidence. Only scalars and lists of strings pass: what is new to this list stays out. */
export function requestFacts(input: Input): KeyEvent['request'] {
  const facts: Record<string, string | number | boolean | string[]> = {};
  for (const name of Object.keys(input)) {
    const value = input[name];
    if (LEFT_OUT.has(name)) continue;
    if (typeof value === 'string') facts[name] = value.toWellFormed();
    else if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value;
    else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) facts[name] = value;
  }
  return facts;
}

function draftOf(
  call: Call,
  notes: Notes,
  outcome: Outcome,
  errorCode: string | undefined,
  changes: KeyEvent['changes'],
): EventDraft {
  const { input, caller, operation, requestId, traceparent } = call;
  const context = (input['DestinationEncryptionContext'] ?? input['EncryptionContext']) as ContextFacts;
  const source = input['SourceEncryptionContext'] as ContextFacts;
  // Assigned one by one: this is built for every call, and spreading what may be absent costs more than all the rest of it.
  const draft: Writable<EventDraft> = {
    operation,
    kind: kindOf(operation),
    outcome,
    region: call.region,
    actor: caller.actor,
    origin: call.origin,
    request: requestFacts(input),
    trace: traceparent === undefined ? { requestId } : { requestId, traceparent },
    changes,
    startedUs: call.startedUs,
    cryptoUs: notes.cryptoUs,
  };
  if (errorCode !== undefined) draft.errorCode = errorCode;
  if (notes.key !== undefined) draft.key = notes.key;
  if (notes.sourceKey !== undefined) draft.sourceKey = notes.sourceKey;
  if (context !== undefined) draft.encryptionContext = context;
  if (source !== undefined) draft.sourceEncryptionContext = source;
  if (notes.decision !== undefined) draft.decision = notes.decision;
  const { ciphertextIn, ciphertextOut } = notes;
  if (ciphertextIn !== undefined)
    draft.ciphertext = ciphertextOut === undefined ? { in: ciphertextIn } : { in: ciphertextIn, out: ciphertextOut };
  else if (ciphertextOut !== undefined) draft.ciphertext = { out: ciphertextOut };
  return draft;
}

type ContextFacts = Record<string, string> | undefined;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const kindOf = (operation: string): KeyEvent['kind'] =>
  operation in API ? API[operation as keyof typeof API].kind : 'management';

/** The event and the answer of an operation that was carried out. */
export const eventOf = (call: Call, notes: Notes, { body, changes }: Done): { draft: EventDraft; answer: Answer } => ({
  draft: draftOf(call, notes, 'success', undefined, [...changes]),
  answer: { body: JSON.stringify(body) },
});

/** A refusal is an event, not an exception. */
export const refusalEvent = (
  call: Call,
  notes: Notes,
  refusal: { code: string; message?: string },
): Decided<Answer> => ({
  draft: draftOf(call, notes, OUTCOMES[refusal.code] ?? 'invalid', refusal.code, []),
  writes: [],
  answer: { refusal: refusal.message === '' ? { code: refusal.code } : refusal },
});
