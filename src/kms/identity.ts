import { randomInt } from 'node:crypto';
import { rememberCanonical, toIsoMicros } from '../base/index.ts';
import type { Actor, Change } from '../events/index.ts';
import type { Journal, StateView, Write } from '../journal/index.ts';
import { Secret, secretRandom, type Keyring } from './crypto/index.ts';
import { foldChanges, refusal, type AccessKey, type Principal, type Refusal } from './domain/index.ts';
import { documentsOf } from './documents.ts';
import { parsePolicy } from './policy/index.ts';
import type { Caller } from './call.ts';

const ACCESS_KEY_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ACCESS_KEY_RANDOM_CHARACTERS = 16;
const SECRET_BYTES = 30;

export const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;
const secretPlace = (accessKeyId: string): string => `secret/${accessKeyId}`;

/** Credentials as their owner receives them, once. */
export interface Credentials {
  readonly principal: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface NewPrincipal {
  readonly arn: string;
  readonly policies: readonly { readonly name: string; readonly text: string }[];
  /** Credentials to use instead of fresh ones, from a seed file. */
  readonly accessKey?: { readonly id: string; readonly secret: string };
}

/** `arn:aws:iam::<account>:root`, `...:user/<path>` or `...:role/<path>`. */
export function parsePrincipalArn(arn: string): { account: string; type: Principal['type'] } | undefined {
  const match = /^arn:aws:iam::(\d{12}):(root|user|role)(\/[\w+=,.@/-]{1,128})?$/.exec(arn);
  const [, account, type, name] = match ?? [];
  if (account === undefined || (type !== 'root' && type !== 'user' && type !== 'role')) return undefined;
  return (type === 'root') === (name === undefined) ? { account, type } : undefined;
}

const callers = new WeakMap<AccessKey, Caller>();

/** Who owns an access key, as state has it now; undefined when it was never issued, or has been removed. */
export function callerOf(state: StateView, accessKeyId: string): Caller | undefined {
  const accessKey = state.get('access-keys', accessKeyId) as AccessKey | undefined;
  const principal =
    accessKey === undefined ? undefined : (state.get('principals', accessKey.principal) as Principal | undefined);
  if (accessKey === undefined || principal === undefined) return undefined;
  const known = callers.get(accessKey);
  if (known?.principal === principal) return known;
  const { arn, type, account } = principal;
  const caller = { principal, actor: rememberCanonical({ arn, type, account, accessKeyId }) };
  callers.set(accessKey, caller);
  return caller;
}

/** A principal acting without a signature: the service's own hand. */
export function principalCaller(state: StateView, arn: string): Caller | undefined {
  const principal = state.get('principals', arn) as Principal | undefined;
  return principal === undefined
    ? undefined
    : { principal, actor: { arn, type: principal.type, account: principal.account } };
}

/** The secret of an access key, unsealed; undefined for one that is not known. */
export function secretOf(state: StateView, keyring: Keyring, accessKeyId: string): Secret | undefined {
  const sealed = state.get('secrets', accessKeyId);
  return sealed instanceof Uint8Array ? keyring.unwrap(secretPlace(accessKeyId), sealed) : undefined;
}

export function freshAccessKey(): { id: string; secret: string } {
  let id = 'AKIA';
  for (let count = 0; count < ACCESS_KEY_RANDOM_CHARACTERS; count += 1)
    id += ACCESS_KEY_ALPHABET.charAt(randomInt(ACCESS_KEY_ALPHABET.length));
  const bytes = secretRandom(SECRET_BYTES);
  const secret = bytes.toString('base64');
  bytes.fill(0);
  return { id, secret };
}

/** Adds a principal with one access key, or a further access key to a principal that exists. One event, by the operator. */
export async function addPrincipal(
  journal: Journal,
  keyring: Keyring,
  by: Actor,
  added: NewPrincipal,
): Promise<Credentials | Refusal> {
  const parsed = parsePrincipalArn(added.arn);
  if (parsed === undefined)
    return refusal(
      'ValidationException',
      `Not an ARN of an account root, a user or a role: ${added.arn}. Example: arn:aws:iam::000000000000:role/payments`,
    );
  for (const { name, text } of added.policies) {
    const policy = parsePolicy(text, 'identity');
    if (!policy.ok)
      return refusal('MalformedPolicyDocumentException', `Policy ${name} of ${added.arn}: ${policy.message}`);
  }
  const key = added.accessKey ?? freshAccessKey();
  const secret = Secret.copyOf(Buffer.from(key.secret, 'utf8'));
  const sealed = keyring.wrap(secretPlace(key.id), secret);
  secret.wipe();
  const documents = documentsOf(added.policies.map(({ text }) => text));
  const { answer } = await journal.recordInTurn((state, nowUs) => {
    const at = toIsoMicros(nowUs);
    const known = state.get('principals', added.arn) !== undefined;
    const policies = documents.map(({ ref }, at) => ({ name: added.policies[at]?.name ?? '', document: ref }));
    const taken = state.get('access-keys', key.id) !== undefined;
    const changes: Change[] = taken
      ? []
      : [
          ...(known && policies.length === 0
            ? []
            : [
                {
                  type: 'PrincipalAdded',
                  v: 1,
                  principal: added.arn,
                  account: parsed.account,
                  principalType: parsed.type,
                  policies,
                  at,
                } as const,
              ]),
          { type: 'AccessKeyAdded', v: 1, principal: added.arn, accessKeyId: key.id, at },
        ];
    const attachments: Write[] = taken
      ? []
      : [...documents.flatMap((document) => document.attachments), { table: 'secrets', key: key.id, value: sealed }];
    return operatorDecision(
      by,
      'AddPrincipal',
      { principal: added.arn, accessKeyId: key.id },
      state,
      changes,
      attachments,
      taken ? refusal('AlreadyExistsException', `Access key ${key.id} exists already.`) : undefined,
    );
  });
  return answer ?? { principal: added.arn, accessKeyId: key.id, secretAccessKey: key.secret };
}

/** Removes a principal and all its access keys; its past stays in the journal. */
export async function removePrincipal(journal: Journal, by: Actor, arn: string): Promise<Refusal | undefined> {
  const { answer } = await journal.recordInTurn((state) => {
    const known = state.get('principals', arn) !== undefined;
    const changes: Change[] = known ? [{ type: 'PrincipalRemoved', v: 1, principal: arn }] : [];
    return operatorDecision(
      by,
      'RemovePrincipal',
      { principal: arn },
      state,
      changes,
      [],
      known ? undefined : refusal('NotFoundException', `There is no principal ${arn}.`),
    );
  });
  return answer;
}

export function listPrincipals(state: StateView): readonly Principal[] {
  return state.range('principals', 'arn:', undefined, Number.MAX_SAFE_INTEGER).map(({ value }) => value as Principal);
}

function operatorDecision(
  by: Actor,
  operation: string,
  request: Record<string, string>,
  state: StateView,
  changes: Change[],
  attachments: readonly Write[],
  refused: Refusal | undefined,
) {
  return {
    draft: {
      operation,
      kind: 'management' as const,
      outcome: refused === undefined ? ('success' as const) : ('invalid' as const),
      ...(refused === undefined ? {} : { errorCode: refused.code }),
      region: 'global',
      actor: by,
      origin: {},
      request,
      trace: { requestId: '-' },
      changes,
      startedUs: Number.MAX_SAFE_INTEGER,
      cryptoUs: 0,
    },
    writes: [...foldChanges(state, changes), ...attachments],
    answer: refused,
  };
}
