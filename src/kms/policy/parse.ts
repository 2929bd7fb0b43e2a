import { readStatement } from './parse-statement.ts';
import { isObject, malformed, read, type Policy, type PolicyKind, type Read, type Statement } from './policy.ts';
import { parseStrictJson } from './strict-json.ts';

/** "Up to 32 kilobytes (32,768 bytes)". The same bound holds for identity policies, which AWS limits lower still. */
export const MAX_POLICY_BYTES = 32_768;

/** Printable characters of Basic Latin and Latin-1, tab, line feed and carriage return. */
const KEY_POLICY_CHARACTERS = /^[\t\n\r\u0020-\u00FF]*$/;
const VERSIONS = ['2008-10-17', '2012-10-17'] as const;
const DOCUMENT_ELEMENTS = new Set(['Version', 'Id', 'Statement']);

/** The policy, or why it is refused. `too-large` is LimitExceededException, all else MalformedPolicyDocumentException. */
export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly message: string; readonly reason: 'malformed' | 'too-large' };

/**
 * Reads a policy document strictly: an element that is unknown, repeated or of the wrong type refuses the whole.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language"; KMS Developer Guide, "Creating a key policy".
 */
export function parsePolicy(text: string, kind: PolicyKind): ParsedPolicy {
  const policy = readPolicy(text, kind);
  if (policy.ok) return { ok: true, policy: policy.value };
  return { ok: false, message: policy.message, reason: policy.reason ?? 'malformed' };
}

function readPolicy(text: string, kind: PolicyKind): Read<Policy> {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    return { ok: false, message: `The policy exceeds ${String(MAX_POLICY_BYTES)} bytes.`, reason: 'too-large' };
  }
  if (kind === 'key' && !KEY_POLICY_CHARACTERS.test(text))
    return malformed('The policy contains characters outside of Latin-1.');
  const json = parseStrictJson(text);
  if (!json.ok) return malformed(json.message);
  const document = json.value;
  if (!isObject(document)) return malformed('Syntax errors in policy.');
  const unknown = Object.keys(document).find((name) => !DOCUMENT_ELEMENTS.has(name));
  if (unknown !== undefined) return malformed(`Syntax errors in policy: unknown element ${unknown.slice(0, 128)}.`);
  const written = document['Version'] ?? '2008-10-17';
  const version = VERSIONS.find((known) => known === written);
  if (version === undefined) return malformed('The policy must contain a valid version string.');
  const id = document['Id'];
  if (id !== undefined && typeof id !== 'string') return malformed('Syntax errors in policy: Id must be a string.');
  const statements = readStatements(document['Statement'], kind);
  if (!statements.ok) return statements;
  return read({ kind, version, ...(id === undefined ? {} : { id }), statements: statements.value });
}

function readStatements(element: unknown, kind: PolicyKind): Read<readonly Statement[]> {
  if (element === undefined) return malformed('Missing required field Statement.');
  const list: readonly unknown[] = Array.isArray(element) ? element : [element];
  if (list.length === 0) return malformed('Policy document must contain at least one statement.');
  const statements: Statement[] = [];
  for (const [place, item] of list.entries()) {
    const statement = readStatement(item, place, kind);
    if (!statement.ok) return statement;
    if (kind === 'identity' && statements.some(({ label }) => label === statement.value.label)) {
      return malformed('Statement IDs (SID) in a single policy must be unique.');
    }
    statements.push(statement.value);
  }
  return read(statements);
}
