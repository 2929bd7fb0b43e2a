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
]);

/** The operation's own parameters as evidence. Only scalars and lists of strings pass: what is new to this list stays out. */
function requestFacts(input: Input): KeyEvent['request'] {
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
  const { input, caller, operation } = call;
  const context = (input['DestinationEncryptionContext'] ?? input['EncryptionContext']) as
    Record<string, string> | undefined;
  const source = input['SourceEncryptionContext'] as Record<string, string> | undefined;
  return {
    operation,
    kind: kindOf(operation),
    outcome,
    ...(errorCode === undefined ? {} : { errorCode }),
    region: call.region,
    actor: caller.actor,
    origin: call.origin,
    ...(notes.key === undefined ? {} : { key: notes.key }),
    ...(notes.sourceKey === undefined ? {} : { sourceKey: notes.sourceKey }),
    request: requestFacts(input),
    ...(context === undefined ? {} : { encryptionContext: context }),
    ...(source === undefined ? {} : { sourceEncryptionContext: source }),
    ...(notes.decision === undefined ? {} : { decision: notes.decision }),
    ...ciphertextOf(notes),
    trace: { requestId: call.requestId, ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }) },
    changes,
    startedUs: call.startedUs,
    cryptoUs: notes.cryptoUs,
  };
}

const kindOf = (operation: string): KeyEvent['kind'] =>
  operation in API ? API[operation as keyof typeof API].kind : 'management';

function ciphertextOf({ ciphertextIn, ciphertextOut }: Notes): Pick<EventDraft, 'ciphertext'> {
  if (ciphertextIn === undefined && ciphertextOut === undefined) return {};
  return {
    ciphertext: {
      ...(ciphertextIn === undefined ? {} : { in: ciphertextIn }),
      ...(ciphertextOut === undefined ? {} : { out: ciphertextOut }),
    },
  };
}

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
