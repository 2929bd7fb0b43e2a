import {
  Secret,
  decryptBlob,
  encryptBlob,
  readBlobClaim,
  secretRandom,
  type EncryptionContext,
} from '../crypto/index.ts';
import { currentMaterial, refusal, refuseByState, type Key, type Material } from '../domain/index.ts';
import { done, refused, type Conditions, type Operation, type Result, type Tools } from '../call.ts';
import { keyRef } from '../find-key.ts';
import { DRY_RUN, openKey, refuseByUsage, withKey } from './with-key.ts';

const USAGE = 'ENCRYPT_DECRYPT';
const ALGORITHM = 'SYMMETRIC_DEFAULT';
const INVALID_CIPHERTEXT = refusal('InvalidCiphertextException', '');
const INCORRECT_KEY = refusal(
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
);

const contextOf = (tools: Tools, member = 'EncryptionContext'): EncryptionContext | undefined =>
  tools.call.input[member] as EncryptionContext | undefined;

/** Conditions of one side of an operation: its algorithm and its own encryption context. */
const conditionsOn =
  (algorithmMember: string, contextMember: string) =>
  (tools: Tools): Conditions => {
    const context = contextOf(tools, contextMember);
    return {
      ...(context === undefined ? {} : { encryptionContext: context }),
      parameters: { 'kms:encryptionalgorithm': (tools.call.input[algorithmMember] as string | undefined) ?? ALGORITHM },
    };
  };
const conditions = conditionsOn('EncryptionAlgorithm', 'EncryptionContext');

function timed<T>(tools: Tools, work: () => T): T {
  const from = tools.monotonicUs();
  const result = work();
  tools.notes.cryptoUs += tools.monotonicUs() - from;
  return result;
}

function refuseAlgorithm(tools: Tools, key: Key, member: string): ReturnType<typeof refusal> | undefined {
  const algorithm = tools.call.input[member] as string | undefined;
  if (algorithm === undefined || algorithm === ALGORITHM) return undefined;
  return refusal('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Encrypts under the newest material and notes what the event needs. */
function seal(
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

const unavailable = (key: Key): Result =>
  refused(refusal('KeyUnavailableException', `${key.arn} has no usable key material.`));

export const encrypt: Operation = withKey({
  mode: 'now',
  rule: 'use',
  usage: USAGE,
  conditions,
  run: (tools, key) => {
    const wrong = refuseAlgorithm(tools, key, 'EncryptionAlgorithm');
    if (wrong !== undefined) return refused(wrong);
    const sealed = seal(tools, key, tools.call.input['Plaintext'] as Buffer, contextOf(tools));
    if (sealed === undefined) return unavailable(key);
    return done({ CiphertextBlob: sealed.blob.toString('base64'), EncryptionAlgorithm: ALGORITHM, KeyId: key.arn });
  },
});

type Opened = { readonly kind: 'opened'; readonly key: Key; readonly plaintext: Buffer; readonly material: Material };

/** The key is the one that made the blob; a key named by the caller must be that one. */
function open(
  tools: Tools,
  action: string,
  keyMember: string,
  contextMember: string,
  sideConditions: (tools: Tools) => Conditions,
): Opened | Result {
  const { input, region, caller } = tools.call;
  const blob = input['CiphertextBlob'] as Buffer | undefined;
  // The model does not require it, because a dry run on AWS may go without.
  if (blob === undefined) return refused(refusal('ValidationException', 'CiphertextBlob is required.'));
  tools.notes.ciphertextIn = tools.keyring.fingerprint(blob);
  const claim = readBlobClaim(blob);
  const named = input[keyMember] as string | undefined;
  const maker = claim === undefined ? undefined : makerOf(tools, claim.keyId, region);
  const identifier = named ?? maker;
  if (identifier === undefined) return refused(INVALID_CIPHERTEXT);
  const found = openKey(tools, identifier);
  if (found.kind !== 'found') {
    // A blob whose key is gone, or was never here, is just not a ciphertext.
    const hidden =
      named === undefined &&
      found.result.kind === 'refused' &&
      found.result.refusal.code === 'NotFoundException' &&
      !identifier.includes(caller.actor.account);
    return hidden ? refused(INVALID_CIPHERTEXT) : found.result;
  }
  const { key } = found;
  const denied = tools.authorise(action, key, sideConditions(tools));
  if (denied !== undefined) return refused(denied);
  const wrong = refuseByUsage(key, USAGE, tools.call.operation) ?? refuseByState(key, 'use');
  if (wrong !== undefined) return refused(wrong);
  if (claim === undefined) return refused(INVALID_CIPHERTEXT);
  if (claim.keyId !== key.keyId) return refused(INCORRECT_KEY);
  const material = key.materials.find(({ version }) => version === claim.version);
  const backingKey =
    material === undefined ? undefined : tools.keyStore.backingKey(tools.state, key.arn, material.version);
  if (material === undefined || backingKey === undefined) return refused(INVALID_CIPHERTEXT);
  const plaintext = timed(tools, () => decryptBlob(backingKey, blob, contextOf(tools, contextMember)));
  if (plaintext === undefined) return refused(INVALID_CIPHERTEXT);
  tools.notes.key = keyRef(key, material.version, tools.notes.key?.alias);
  return { kind: 'opened', key, plaintext, material };
}

function makerOf(tools: Tools, keyId: string, region: string): string | undefined {
  const arns = (tools.state.get('key-ids', keyId) as readonly string[] | undefined) ?? [];
  return arns.find((arn) => arn.split(':')[3] === region);
}

export const decrypt: Operation = {
  mode: 'now',
  run: (tools) => {
    const opened = open(tools, 'kms:Decrypt', 'KeyId', 'EncryptionContext', conditions);
    if (opened.kind !== 'opened') return opened;
    const { key, plaintext, material } = opened;
    const wrong =
      refuseAlgorithm(tools, key, 'EncryptionAlgorithm') ?? (tools.call.input['DryRun'] === true ? DRY_RUN : undefined);
    const text = plaintext.toString('base64');
    plaintext.fill(0);
    if (wrong !== undefined) return refused(wrong);
    return done({
      EncryptionAlgorithm: ALGORITHM,
      KeyId: key.arn,
      KeyMaterialId: material.materialId,
      Plaintext: text,
    });
  },
};

export const reEncrypt: Operation = {
  mode: 'now',
  run: (tools) => {
    const opened = open(
      tools,
      'kms:ReEncryptFrom',
      'SourceKeyId',
      'SourceEncryptionContext',
      conditionsOn('SourceEncryptionAlgorithm', 'SourceEncryptionContext'),
    );
    if (opened.kind !== 'opened') return opened;
    const { plaintext, material: sourceMaterial, key: source } = opened;
    const sourceKey = tools.notes.key;
    try {
      const destination = tools.call.input['DestinationKeyId'] as string;
      const found = openKey(tools, destination);
      if (sourceKey !== undefined) tools.notes.sourceKey = sourceKey;
      if (found.kind !== 'found') return found.result;
      const { key } = found;
      const side = conditionsOn('DestinationEncryptionAlgorithm', 'DestinationEncryptionContext')(tools);
      const denied = tools.authorise('kms:ReEncryptTo', key, {
        ...side,
        parameters: { ...side.parameters, 'kms:reencryptonsamekey': String(key.arn === source.arn) },
      });
      if (denied !== undefined) return refused(denied);
      const wrong =
        refuseByUsage(key, USAGE, 'ReEncrypt') ??
        refuseByState(key, 'use') ??
        refuseAlgorithm(tools, key, 'DestinationEncryptionAlgorithm') ??
        refuseAlgorithm(tools, source, 'SourceEncryptionAlgorithm');
      if (wrong !== undefined) return refused(wrong);
      if (tools.call.input['DryRun'] === true) return refused(DRY_RUN);
      const sealed = seal(tools, key, plaintext, contextOf(tools, 'DestinationEncryptionContext'));
      if (sealed === undefined) return unavailable(key);
      return done({
        CiphertextBlob: sealed.blob.toString('base64'),
        DestinationEncryptionAlgorithm: ALGORITHM,
        DestinationKeyMaterialId: sealed.material.materialId,
        KeyId: key.arn,
        SourceEncryptionAlgorithm: ALGORITHM,
        SourceKeyId: source.arn,
        SourceKeyMaterialId: sourceMaterial.materialId,
      });
    } finally {
      plaintext.fill(0);
    }
  },
};

const dataKeyOperation = (withPlaintext: boolean): Operation =>
  withKey({
    mode: 'now',
    rule: 'use',
    usage: USAGE,
    conditions,
    run: (tools, key) => {
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
    if (tools.call.input['Recipient'] !== undefined)
      return refused(refusal('UnsupportedOperationException', 'Attested recipients are not supported.'));
    const bytes = Secret.own(secretRandom((tools.call.input['NumberOfBytes'] as number | undefined) ?? 32));
    try {
      return done({ Plaintext: bytes.use((secret) => secret.toString('base64')) });
    } finally {
      bytes.wipe();
    }
  },
};
