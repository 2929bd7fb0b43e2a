import { mlKemDecapsulate, mlKemEncapsulate } from '../crypto/index.ts';
import { refusal } from '../domain/index.ts';
import { done, refused, type Operation } from '../call.ts';
import { timed, unavailable } from './sealing.ts';
import { materialOf } from './use-of-material.ts';
import { refuseIncompatible, withKey, type KeyOperation } from './with-key.ts';

const ALGORITHM = 'ML_KEM';

const kemOperation = (run: KeyOperation['run']): Operation =>
  withKey({
    mode: 'now',
    rule: 'use',
    usage: 'ENCAPSULATE_DECAPSULATE',
    conditions: ({ call }) => ({
      parameters: { 'kms:encapsulationalgorithm': call.input['EncapsulationAlgorithm'] as string },
    }),
    check: ({ call }, key) => refuseIncompatible(key, call.input['EncapsulationAlgorithm'] as string),
    run,
  });

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

export const encapsulate: Operation = kemOperation((tools, key) => {
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const { ciphertext, secret } = timed(tools, () => mlKemEncapsulate(key.spec, material));
  try {
    tools.notes.ciphertextOut = tools.keyring.fingerprint(ciphertext);
    return done({
      EncapsulationAlgorithm: ALGORITHM,
      KeyId: key.arn,
      SharedSecret: base64(secret),
      SharedSecretCiphertextBlob: ciphertext.toString('base64'),
    });
  } finally {
    secret.fill(0);
  }
});

export const decapsulate: Operation = kemOperation((tools, key) => {
  const ciphertext = tools.call.input['SharedSecretCiphertextBlob'] as Buffer;
  tools.notes.ciphertextIn = tools.keyring.fingerprint(ciphertext);
  const material = materialOf(tools, key);
  if (material === undefined) return unavailable(key);
  const secret = timed(tools, () => mlKemDecapsulate(key.spec, material, ciphertext));
  if (secret === undefined) return refused(refusal('InvalidCiphertextException', ''));
  try {
    return done({ EncapsulationAlgorithm: ALGORITHM, KeyId: key.arn, SharedSecret: base64(secret) });
  } finally {
    secret.fill(0);
  }
});
