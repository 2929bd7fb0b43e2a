import { createHash } from 'node:crypto';
import type { DocumentRef } from '../events/index.ts';
import type { StateView, Write } from '../journal/index.ts';
import { refusal, type Refusal } from './domain/index.ts';
import { compilePolicy, parsePolicy, type CompiledPolicy } from './policy/index.ts';
import type { Tools } from './call.ts';

/** A document longer than this stays out of the event and lies in the side-car under its digest. */
const MAX_INLINE_CHARACTERS = 16_384;
/** What the documents of one event may take of its 65,535 bytes, as JSON has them. */
const MAX_INLINE_TOGETHER_BYTES = 32_768;
const MAX_COMPILED = 10_000;

export const digestOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export interface Document {
  readonly ref: DocumentRef;
  readonly attachments: readonly Write[];
}

/** A document as its fact carries it, and the side-car row where the fact carries only the digest. */
export function documentOf(text: string): Document {
  const digest = digestOf(text);
  if (text.length <= MAX_INLINE_CHARACTERS) return { ref: { digest, text }, attachments: [] };
  return besideTheEvent(text, digest);
}

/** Several documents of one fact: what exceeds their common share of the event lies in the side-car. */
export function documentsOf(texts: readonly string[]): Document[] {
  let room = MAX_INLINE_TOGETHER_BYTES;
  return texts.map((text) => {
    const document = documentOf(text);
    if (document.ref.text === undefined) return document;
    room -= Buffer.byteLength(JSON.stringify(text));
    return room >= 0 ? document : besideTheEvent(text, document.ref.digest);
  });
}

const besideTheEvent = (text: string, digest: string): Document => ({
  ref: { digest },
  attachments: [{ table: 'documents', key: digest, value: text }],
});

const compiled = new Map<string, CompiledPolicy>();

/** The compiled policy of a digest; undefined where there is no such document, which callers take for "allows nothing". */
export function policyOf(state: StateView, digest: string, kind: 'key' | 'identity'): CompiledPolicy | undefined {
  const name = `${kind} ${digest}`;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const text = state.get('documents', digest);
  if (typeof text !== 'string') return undefined;
  const parsed = parsePolicy(text, kind);
  if (!parsed.ok) return undefined;
  const policy = compilePolicy(parsed.policy, digest);
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(name, policy);
  return policy;
}

/** Whether a text may become a key's policy: well formed, and leaving its author able to change it again. */
export function checkPolicy(tools: Tools, text: string, arn: string, bypassLockoutCheck: boolean): Refusal | undefined {
  const parsed = parsePolicy(text, 'key');
  if (!parsed.ok)
    return refusal(
      parsed.reason === 'too-large' ? 'LimitExceededException' : 'MalformedPolicyDocumentException',
      parsed.message,
    );
  if (bypassLockoutCheck) return undefined;
  if (tools.keepsCallerIn(compilePolicy(parsed.policy, digestOf(text)), arn)) return undefined;
  return refusal(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  );
}
