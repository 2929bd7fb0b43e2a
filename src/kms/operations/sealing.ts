import { encryptBlob, maxOaepBytes, oaepEncrypt, type EncryptionContext } from '../crypto/index.ts';
import { SYMMETRIC, currentMaterial, refusal, type Key, type Material, type Refusal } from '../domain/index.ts';
import { refused, type Conditions, type Result, type Tools } from '../call.ts';
import { keyRef } from '../find-key.ts';
import { materialOf } from './use-of-material.ts';
import { refuseIncompatible } from './with-key.ts';

export const USAGE = 'ENCRYPT_DECRYPT';
export const ALGORITHM = 'SYMMETRIC_DEFAULT';

export const contextOf = (tools: Tools, member = 'EncryptionContext'): EncryptionContext | undefined =>
  tools.call.input[member] as EncryptionContext | undefined;

/** Conditions of one side of an operation: its algorithm and its own encryption context. */
export const conditionsOn =
  (algorithmMember: string, contextMember: string) =>
  (tools: Tools): Conditions => {
    const context = contextOf(tools, contextMember);
    return {
      ...(context === undefined ? {} : { encryptionContext: context }),
      parameters: { 'kms:encryptionalgorithm': algorithmIn(tools, algorithmMember) },
    };
  };
export const algorithmIn = (tools: Tools, member: string): string =>
  (tools.call.input[member] as string | undefined) ?? ALGORITHM;

export const conditions = conditionsOn('EncryptionAlgorithm', 'EncryptionContext');

export function timed<T>(tools: Tools, work: () => T): T {
  const from = tools.monotonicUs();
  const result = work();
  tools.notes.cryptoUs += tools.monotonicUs() - from;
  return result;
}

export function refuseAlgorithm(tools: Tools, key: Key, member: string): Refusal | undefined {
  return refuseIncompatible(key, algorithmIn(tools, member));
}

/** RSAES-OAEP authenticates no context; to take one and forget it would be a lie. */
export function refuseContext(tools: Tools, key: Key, member: string): Refusal | undefined {
  const context = contextOf(tools, member);
  if (key.spec === SYMMETRIC || context === undefined || Object.keys(context).length === 0) return undefined;
  return refusal('ValidationException', `${member} is not supported for key spec ${key.spec}.`);
}

/** A caller who wants an answer that only an attested enclave can read must not get one that he can. */
export function refuseRecipient(tools: Tools): Refusal | undefined {
  if (tools.call.input['Recipient'] === undefined) return undefined;
  return refusal('UnsupportedOperationException', 'Attested recipients are not supported.');
}

/** Encrypts under the newest material and notes what the event needs. */
export function seal(
  tools: Tools,
  key: Key,
  plaintext: Buffer,
  context: EncryptionContext | undefined,
): { blob: Buffer; material: Material } | undefined {
  const material = currentMaterial(key);
  const backingKey = tools.keyStore.backingKey(tools.state, key.arn, material.version);
  if (backingKey === undefined) return undefined;
  const blob = timed(tools, () =>
    encryptBlob(backingKey, { keyId: key.keyId, version: material.version }, plaintext, context),
  );
  tools.notes.key = keyRef(key, material.version, tools.notes.key?.alias);
  tools.notes.ciphertextOut = tools.keyring.fingerprint(blob);
  return { blob, material };
}

/** Encrypts under a key of any spec, with the algorithm and the context that the members hold. */
export function sealUnder(
  tools: Tools,
  key: Key,
  plaintext: Buffer,
  { algorithmMember, contextMember }: { algorithmMember: string; contextMember: string },
): { kind: 'sealed'; blob: Buffer; material: Material | undefined } | Result {
  if (key.spec === SYMMETRIC) {
    const sealed = seal(tools, key, plaintext, contextOf(tools, contextMember));
    return sealed === undefined ? unavailable(key) : { kind: 'sealed', ...sealed };
  }
  const wrong = refuseContext(tools, key, contextMember);
  if (wrong !== undefined) return refused(wrong);
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const algorithm = algorithmIn(tools, algorithmMember);
  const maxBytes = maxOaepBytes(material, algorithm);
  if (plaintext.length > maxBytes) {
    const message = `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${String(maxBytes)} bytes.`;
    return refused(refusal('ValidationException', message));
  }
  const blob = timed(tools, () => oaepEncrypt(material, algorithm, plaintext));
  tools.notes.ciphertextOut = tools.keyring.fingerprint(blob);
  return { kind: 'sealed', blob, material: undefined };
}

export const unavailable = (key: Key): Result =>
  refused(refusal('KeyUnavailableException', `${key.arn} has no usable key material.`));
