import { Secret, secretRandom } from '../crypto/index.ts';
import { refusal, refuseByState } from '../domain/index.ts';
import { done, refused, type Operation } from '../call.ts';
import { DECRYPT, RE_ENCRYPT_FROM, open } from './opening.ts';
import {
  ALGORITHM,
  USAGE,
  algorithmIn,
  conditions,
  conditionsOn,
  contextOf,
  refuseAlgorithm,
  refuseRecipient,
  seal,
  sealUnder,
  unavailable,
} from './sealing.ts';
import { DRY_RUN, openKey, refuseByUsage, refuseIncompatible, withKey } from './with-key.ts';

export const encrypt: Operation = withKey({
  mode: 'now',
  rule: 'use',
  usage: USAGE,
  conditions,
  run: (tools, key) => {
    const wrong = refuseAlgorithm(tools, key, 'EncryptionAlgorithm');
    if (wrong !== undefined) return refused(wrong);
    const sealed = sealUnder(tools, key, tools.call.input['Plaintext'] as Buffer, {
      algorithmMember: 'EncryptionAlgorithm',
      contextMember: 'EncryptionContext',
    });
    if (sealed.kind !== 'sealed') return sealed;
    return done({
      CiphertextBlob: sealed.blob.toString('base64'),
      EncryptionAlgorithm: algorithmIn(tools, 'EncryptionAlgorithm'),
      KeyId: key.arn,
    });
  },
});

export const decrypt: Operation = {
  mode: 'now',
  run: (tools) => {
    const opened = open(tools, DECRYPT);
    if (opened.kind !== 'opened') return opened;
    const { key, plaintext, material } = opened;
    try {
      const wrong = refuseAlgorithm(tools, key, 'EncryptionAlgorithm');
      if (wrong !== undefined) return refused(wrong);
      if (tools.call.input['DryRun'] === true || plaintext === undefined) return refused(DRY_RUN);
      return done({
        EncryptionAlgorithm: algorithmIn(tools, 'EncryptionAlgorithm'),
        KeyId: key.arn,
        KeyMaterialId: material?.materialId,
        Plaintext: plaintext.toString('base64'),
      });
    } finally {
      plaintext?.fill(0);
    }
  },
};

const toDestination = conditionsOn('DestinationEncryptionAlgorithm', 'DestinationEncryptionContext');

export const reEncrypt: Operation = {
  mode: 'now',
  run: (tools) => {
    const opened = open(tools, RE_ENCRYPT_FROM);
    if (opened.kind !== 'opened') return opened;
    const { plaintext, material: sourceMaterial, key: source } = opened;
    const { notes, call } = tools;
    if (notes.key !== undefined) notes.sourceKey = notes.key;
    // From here on the key of the event is the destination, or none where there is no such key.
    delete notes.key;
    try {
      const found = openKey(tools, call.input['DestinationKeyId'] as string, { action: 'kms:ReEncryptTo' });
      if (found.kind !== 'found') return found.result;
      const { key } = found;
      const conditionsTo = toDestination(tools);
      const denied = tools.authorise('kms:ReEncryptTo', key, {
        ...conditionsTo,
        parameters: { ...conditionsTo.parameters, 'kms:reencryptonsamekey': String(key.arn === source.arn) },
      });
      if (denied !== undefined) return refused(denied);
      const wrong =
        refuseByUsage(key, USAGE, 'ReEncrypt') ??
        refuseByState(key, 'use') ??
        refuseAlgorithm(tools, key, 'DestinationEncryptionAlgorithm') ??
        refuseAlgorithm(tools, source, 'SourceEncryptionAlgorithm');
      if (wrong !== undefined) return refused(wrong);
      if (call.input['DryRun'] === true || plaintext === undefined) return refused(DRY_RUN);
      const sealed = sealUnder(tools, key, plaintext, {
        algorithmMember: 'DestinationEncryptionAlgorithm',
        contextMember: 'DestinationEncryptionContext',
      });
      if (sealed.kind !== 'sealed') return sealed;
      return done({
        CiphertextBlob: sealed.blob.toString('base64'),
        DestinationEncryptionAlgorithm: algorithmIn(tools, 'DestinationEncryptionAlgorithm'),
        DestinationKeyMaterialId: sealed.material?.materialId,
        KeyId: key.arn,
        SourceEncryptionAlgorithm: algorithmIn(tools, 'SourceEncryptionAlgorithm'),
        SourceKeyId: source.arn,
        SourceKeyMaterialId: sourceMaterial?.materialId,
      });
    } finally {
      plaintext?.fill(0);
    }
  },
};

const dataKeyOperation = (withPlaintext: boolean): Operation =>
  withKey({
    mode: 'now',
    rule: 'use',
    usage: USAGE,
    conditions,
    check: (_tools, key) => refuseIncompatible(key, ALGORITHM),
    run: (tools, key) => {
      const wrong = refuseRecipient(tools);
      if (wrong !== undefined) return refused(wrong);
      const { KeySpec: spec, NumberOfBytes: size } = tools.call.input;
      if ((spec === undefined) === (size === undefined))
        return refused(refusal('ValidationException', 'Please specify either number of bytes or key spec.'));
      const bytes = typeof size === 'number' ? size : spec === 'AES_128' ? 16 : 32;
      const plaintext = Secret.own(secretRandom(bytes));
      try {
        const sealed = plaintext.use((secret) => seal(tools, key, secret, contextOf(tools)));
        if (sealed === undefined) return unavailable(key);
        return done({
          CiphertextBlob: sealed.blob.toString('base64'),
          KeyId: key.arn,
          KeyMaterialId: sealed.material.materialId,
          ...(withPlaintext ? { Plaintext: plaintext.use((secret) => secret.toString('base64')) } : {}),
        });
      } finally {
        plaintext.wipe();
      }
    },
  });

export const generateDataKey = dataKeyOperation(true);
export const generateDataKeyWithoutPlaintext = dataKeyOperation(false);

export const generateRandom: Operation = {
  mode: 'now',
  run: (tools) => {
    const denied = tools.authorise('kms:GenerateRandom', '*');
    if (denied !== undefined) return refused(denied);
    if (tools.call.input['CustomKeyStoreId'] !== undefined)
      return refused(refusal('CustomKeyStoreNotFoundException', 'There is no such custom key store.'));
    const wrong = refuseRecipient(tools);
    if (wrong !== undefined) return refused(wrong);
    const bytes = Secret.own(secretRandom((tools.call.input['NumberOfBytes'] as number | undefined) ?? 32));
    try {
      return done({ Plaintext: bytes.use((secret) => secret.toString('base64')) });
    } finally {
      bytes.wipe();
    }
  },
};
