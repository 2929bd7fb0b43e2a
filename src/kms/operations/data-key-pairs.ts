import { dataKeyPair, modulusBitsOf } from '../crypto/index.ts';
import { isSupportedSpec, refusal, type Refusal } from '../domain/index.ts';
import { done, type Conditions, type Operation, type Tools } from '../call.ts';
import { ALGORITHM, USAGE, conditions, contextOf, refuseRecipient, seal, unavailable } from './sealing.ts';
import { refuseIncompatible, withKey } from './with-key.ts';

const pairSpecOf = (tools: Tools): string => tools.call.input['KeyPairSpec'] as string;

function pairConditions(tools: Tools): Conditions {
  const common = conditions(tools);
  return { ...common, parameters: { ...common.parameters, 'kms:datakeypairspec': pairSpecOf(tools) } };
}

function refuseSpec(spec: string): Refusal | undefined {
  if (isSupportedSpec(spec)) return undefined;
  return refusal('UnsupportedOperationException', `Key pair spec ${spec} is not supported.`);
}

const dataKeyPairOperation = (withPlaintext: boolean): Operation =>
  withKey({
    mode: 'now',
    mayNeed: true,
    rule: 'use',
    usage: USAGE,
    conditions: pairConditions,
    check: (tools, key) =>
      refuseIncompatible(key, ALGORITHM) ?? refuseSpec(pairSpecOf(tools)) ?? refuseRecipient(tools),
    run: (tools, key) => {
      const spec = pairSpecOf(tools);
      const modulusBits = modulusBitsOf(spec);
      if (modulusBits !== undefined && tools.prepared === undefined) return { kind: 'needs', modulusBits };
      const { publicKey, privateKey } = dataKeyPair(spec, tools.prepared);
      try {
        const sealed = privateKey.use((bytes) => seal(tools, key, bytes, contextOf(tools)));
        if (sealed === undefined) return unavailable(key);
        return done({
          KeyId: key.arn,
          KeyMaterialId: sealed.material.materialId,
          KeyPairSpec: spec,
          PrivateKeyCiphertextBlob: sealed.blob.toString('base64'),
          ...(withPlaintext ? { PrivateKeyPlaintext: privateKey.use((bytes) => bytes.toString('base64')) } : {}),
          PublicKey: publicKey.toString('base64'),
        });
      } finally {
        privateKey.wipe();
      }
    },
  });

export const generateDataKeyPair = dataKeyPairOperation(true);
export const generateDataKeyPairWithoutPlaintext = dataKeyPairOperation(false);
