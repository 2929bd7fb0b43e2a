import { messageBytes, signatureMatches, signatureOf, type MessageType } from '../crypto/index.ts';
import { refusal, type Refusal } from '../domain/index.ts';
import { done, refused, type Input, type Operation } from '../call.ts';
import { timed, unavailable } from './sealing.ts';
import { materialOf } from './use-of-material.ts';
import { refuseIncompatible, withKey, type KeyOperation } from './with-key.ts';

/** Without a message: why a signature is none is nobody's business. */
const INVALID_SIGNATURE = refusal('KMSInvalidSignatureException', '');

const algorithmOf = (input: Input): string => input['SigningAlgorithm'] as string;
const typeOf = (input: Input): MessageType => (input['MessageType'] as MessageType | undefined) ?? 'RAW';

/** A digest must be as long as the hash of the algorithm makes it; which hash made it, nobody can tell. */
function refuseMessage(input: Input): Refusal | undefined {
  const algorithm = algorithmOf(input);
  const wanted = messageBytes(algorithm, typeOf(input));
  if (wanted === undefined)
    return refusal('ValidationException', `MessageType ${typeOf(input)} is not valid for algorithm ${algorithm}.`);
  if (wanted === 'any' || (input['Message'] as Buffer).length === wanted) return undefined;
  return refusal('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`);
}

const signatureOperation = (run: KeyOperation['run']): Operation =>
  withKey({
    mode: 'now',
    rule: 'use',
    usage: 'SIGN_VERIFY',
    conditions: ({ call: { input } }) => ({
      parameters: { 'kms:signingalgorithm': algorithmOf(input), 'kms:messagetype': typeOf(input) },
    }),
    check: ({ call: { input } }, key) => refuseIncompatible(key, algorithmOf(input)) ?? refuseMessage(input),
    run,
  });

export const sign: Operation = signatureOperation((tools, key) => {
  const { input } = tools.call;
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const algorithm = algorithmOf(input);
  const message = input['Message'] as Buffer;
  const signature = timed(tools, () =>
    signatureOf({ spec: key.spec, key: material, algorithm, message, type: typeOf(input) }),
  );
  return done({ KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm: algorithm });
});

export const verify: Operation = signatureOperation((tools, key) => {
  const { input } = tools.call;
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const algorithm = algorithmOf(input);
  const message = input['Message'] as Buffer;
  const valid = timed(tools, () =>
    signatureMatches(
      { spec: key.spec, key: material, algorithm, message, type: typeOf(input) },
      input['Signature'] as Buffer,
    ),
  );
  if (!valid) return refused(INVALID_SIGNATURE);
  return done({ KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm });
});
