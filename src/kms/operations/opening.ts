import { decryptBlob, oaepDecrypt, readBlobClaim, type BlobClaim } from '../crypto/index.ts';
import { SYMMETRIC, refusal, refuseByState, type Key, type Material } from '../domain/index.ts';
import { refused, type Conditions, type Result, type Tools } from '../call.ts';
import { keyRef } from '../find-key.ts';
import {
  USAGE,
  algorithmIn,
  conditionsOn,
  contextOf,
  refuseAlgorithm,
  refuseContext,
  refuseRecipient,
  timed,
  unavailable,
} from './sealing.ts';
import { materialOf } from './use-of-material.ts';
import { openKey, refuseByUsage } from './with-key.ts';

const INVALID_CIPHERTEXT = refusal('InvalidCiphertextException', '');
const INCORRECT_KEY = refusal(
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
);
/** One answer for a key that is not there and for one of another account: what a blob names is not the caller's to find out. */
const UNREACHABLE = refusal(
  'AccessDeniedException',
  'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
);
const missing = (member: string): ReturnType<typeof refusal> =>
  refusal(
    'ValidationException',
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );

/** Which members of a request tell of the ciphertext that is to be opened. */
export interface Side {
  readonly action: string;
  readonly keyMember: string;
  readonly algorithmMember: string;
  readonly contextMember: string;
  readonly conditions: (tools: Tools) => Conditions;
}

const side = (action: string, prefix: '' | 'Source'): Side => ({
  action,
  keyMember: `${prefix}KeyId`,
  algorithmMember: `${prefix}EncryptionAlgorithm`,
  contextMember: `${prefix}EncryptionContext`,
  conditions: conditionsOn(`${prefix}EncryptionAlgorithm`, `${prefix}EncryptionContext`),
});
export const DECRYPT = side('kms:Decrypt', '');
export const RE_ENCRYPT_FROM = side('kms:ReEncryptFrom', 'Source');

/** `plaintext` is undefined in a dry run that asks for permission only. */
export interface Opened {
  readonly kind: 'opened';
  readonly key: Key;
  readonly plaintext: Buffer | undefined;
  readonly material: Material | undefined;
}

/** The key is the one that made the blob; a key named by the caller must be that one. */
export function open(tools: Tools, side: Side): Opened | Result {
  const { input } = tools.call;
  // The model does not require it, because a dry run may go without.
  const blob = input['CiphertextBlob'] as Buffer | undefined;
  const permissionOnly = asksPermissionOnly(tools);
  if (blob === undefined && !permissionOnly) return refused(missing('ciphertextBlob'));
  if (blob !== undefined) tools.notes.ciphertextIn = tools.keyring.fingerprint(blob);
  const claim = blob === undefined ? undefined : readBlobClaim(blob);
  const permitted = permittedKey(tools, side, claim);
  if (permitted.kind !== 'found') return permitted;
  const { key } = permitted;
  const wrong = refuseByUsage(key, USAGE, tools.call.operation) ?? refuseByState(key, 'use') ?? refuseRecipient(tools);
  if (wrong !== undefined) return refused(wrong);
  if (blob === undefined || permissionOnly) return { kind: 'opened', key, plaintext: undefined, material: undefined };
  if (key.spec !== SYMMETRIC) return openAsymmetric(tools, side, key, blob);
  if (claim === undefined) return refused(INVALID_CIPHERTEXT);
  if (claim.keyId !== key.keyId) return refused(INCORRECT_KEY);
  const material = key.materials.find(({ version }) => version === claim.version);
  const backingKey =
    material === undefined ? undefined : tools.keyStore.backingKey(tools.state, key.arn, material.version);
  if (material === undefined || backingKey === undefined) return refused(INVALID_CIPHERTEXT);
  const plaintext = timed(tools, () => decryptBlob(backingKey, blob, contextOf(tools, side.contextMember)));
  if (plaintext === undefined) return refused(INVALID_CIPHERTEXT);
  tools.notes.key = keyRef(key, material.version, tools.notes.key?.alias);
  return { kind: 'opened', key, plaintext, material };
}

/** An asymmetric ciphertext names neither key nor algorithm: the caller does. */
function openAsymmetric(tools: Tools, side: Side, key: Key, blob: Buffer): Opened | Result {
  const wrong =
    refuseAlgorithm(tools, key, side.algorithmMember) ??
    refuseContext(tools, key, side.contextMember) ??
    tools.admit(key.spec);
  if (wrong !== undefined) return refused(wrong);
  const privateKey = materialOf(tools, key);
  if (privateKey === undefined) return unavailable(key);
  const algorithm = algorithmIn(tools, side.algorithmMember);
  const plaintext = timed(tools, () => oaepDecrypt(privateKey, algorithm, blob));
  return plaintext === undefined
    ? refused(INVALID_CIPHERTEXT)
    : { kind: 'opened', key, plaintext, material: undefined };
}

/** The named key, or else the one the blob claims to be made with; if the caller may use it. */
function permittedKey(
  tools: Tools,
  { action, keyMember, conditions }: Side,
  claim: BlobClaim | undefined,
): { readonly kind: 'found'; readonly key: Key } | Result {
  const { input, region, caller } = tools.call;
  const named = input[keyMember] as string | undefined;
  if (named === undefined && claim === undefined)
    return refused(
      input['CiphertextBlob'] === undefined
        ? missing(keyMember === 'KeyId' ? 'keyId' : 'sourceKeyId')
        : INVALID_CIPHERTEXT,
    );
  const identifier = named ?? makerOf(tools, claim?.keyId ?? '', region);
  if (identifier === undefined) {
    tools.notes.decision = { effect: 'deny', by: 'implicit' };
    return refused(UNREACHABLE);
  }
  const found = openKey(tools, identifier, { action });
  const denied = found.kind === 'found' ? tools.authorise(action, found.key, conditions(tools)) : undefined;
  if (found.kind === 'found' && denied === undefined) return found;
  const own = named !== undefined || identifier.split(':')[4] === caller.actor.account;
  if (!own) return refused(UNREACHABLE);
  return denied === undefined && found.kind !== 'found' ? found.result : refused(denied ?? UNREACHABLE);
}

/** "DryRunModifiers: IGNORE_CIPHERTEXT": is the caller allowed, whatever the ciphertext may be? */
function asksPermissionOnly({ call: { input } }: Tools): boolean {
  const modifiers = input['DryRunModifiers'] as readonly string[] | undefined;
  return input['DryRun'] === true && modifiers?.includes('IGNORE_CIPHERTEXT') === true;
}

function makerOf(tools: Tools, keyId: string, region: string): string | undefined {
  const arns = (tools.state.get('key-ids', keyId) as readonly string[] | undefined) ?? [];
  return arns.find((arn) => arn.split(':')[3] === region);
}
