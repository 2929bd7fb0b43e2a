import { publicKeyDer, sharedSecretOf } from '../crypto/index.ts';
import { SYMMETRIC, listedAlgorithms, refusal, type Key, type Refusal } from '../domain/index.ts';
import { done, refused, type Operation } from '../call.ts';
import { refuseRecipient, timed, unavailable } from './sealing.ts';
import { materialOf } from './use-of-material.ts';
import { refuseIncompatible, withKey } from './with-key.ts';

function refuseWithoutPublicKey(key: Key): Refusal | undefined {
  if (key.spec !== SYMMETRIC && key.usage !== 'GENERATE_VERIFY_MAC') return undefined;
  return refusal(
    'UnsupportedOperationException',
    `${key.arn} key spec is ${key.spec} which is not valid for this operation.`,
  );
}

export const getPublicKey: Operation = withKey({
  mode: 'now',
  rule: 'use',
  check: (_tools, key) => refuseWithoutPublicKey(key),
  run: (tools, key) => {
    const material = materialOf(tools, key);
    if (material === undefined) return unavailable(key);
    return done({
      CustomerMasterKeySpec: key.spec,
      KeyId: key.arn,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      PublicKey: publicKeyDer(key.spec, material).toString('base64'),
      ...listedAlgorithms(key.spec, key.usage),
    });
  },
});

export const deriveSharedSecret: Operation = withKey({
  mode: 'now',
  rule: 'use',
  usage: 'KEY_AGREEMENT',
  conditions: ({ call }) => ({
    parameters: { 'kms:keyagreementalgorithm': call.input['KeyAgreementAlgorithm'] as string },
  }),
  check: (tools, key) =>
    refuseIncompatible(key, tools.call.input['KeyAgreementAlgorithm'] as string) ?? refuseRecipient(tools),
  run: (tools, key) => {
    const material = materialOf(tools, key);
    if (material === undefined) return unavailable(key);
    const secret = timed(tools, () => sharedSecretOf(material, tools.call.input['PublicKey'] as Buffer));
    if (secret === undefined)
      return refused(
        refusal(
          'ValidationException',
          `PublicKey is not the DER-encoded X.509 public key of an uncompressed point on the curve of key spec ${key.spec}.`,
        ),
      );
    try {
      return done({
        KeyAgreementAlgorithm: 'ECDH',
        KeyId: key.arn,
        KeyOrigin: key.origin,
        SharedSecret: secret.use((bytes) => bytes.toString('base64')),
      });
    } finally {
      secret.wipe();
    }
  },
});
