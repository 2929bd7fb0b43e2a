import { toIsoMicros } from '../../base/index.ts';
import type { Change } from '../../events/index.ts';
import { isImportWrapping, modulusBitsOf, unwrapImported, wrappingPublicKey, type Secret } from '../crypto/index.ts';
import { currentMaterial, refusal, type Key, type Refusal } from '../domain/index.ts';
import { done, refused, type Conditions, type Operation, type Result, type Tools } from '../call.ts';
import { openImportToken, sealImportToken } from '../import-token.ts';
import { withKey } from './with-key.ts';

const MS_PER_DAY = 86_400_000;
/** "The import token and public key are valid for 24 hours." */
const TOKEN_DAYS = 1;
const MAX_VALID_DAYS = 365;
const MATERIAL_BYTES = 32;
const EXPIRES = 'KEY_MATERIAL_EXPIRES';

const refuseUnlessExternal = ({ arn, origin }: Key): Refusal | undefined =>
  origin === 'EXTERNAL'
    ? undefined
    : refusal('UnsupportedOperationException', `${arn} origin is ${origin} which is not valid for this operation.`);

/** Only when the material is to be destroyed it has a date. */
const modelOf = ({ call }: Tools): string => (call.input['ExpirationModel'] as string | undefined) ?? EXPIRES;

function wrappingConditions({ call }: Tools): Conditions {
  return {
    parameters: {
      'kms:wrappingalgorithm': call.input['WrappingAlgorithm'] as string,
      'kms:wrappingkeyspec': call.input['WrappingKeySpec'] as string,
    },
  };
}

export const getParametersForImport: Operation = {
  ...withKey({
    mode: 'now',
    rule: 'label',
    noAlias: true,
    conditions: wrappingConditions,
    check: (tools, key) => refuseUnlessExternal(key) ?? refuseWrapping(tools),
    run: (tools, key) => {
      const { nowUs, keyring, prepared, call } = tools;
      const modulusBits = modulusBitsOf(call.input['WrappingKeySpec'] as string) ?? 0;
      if (prepared === undefined) return { kind: 'needs', modulusBits };
      const expiresMs = Math.floor(nowUs / 1000) + TOKEN_DAYS * MS_PER_DAY;
      const algorithm = call.input['WrappingAlgorithm'] as string;
      const token = sealImportToken(keyring, key.arn, { algorithm, expiresMs, pkcs8: prepared });
      return done({
        ImportToken: token.toString('base64'),
        KeyId: key.arn,
        ParametersValidTo: expiresMs / 1000,
        PublicKey: wrappingPublicKey(prepared).toString('base64'),
      });
    },
  }),
  mayNeed: true,
};

function refuseWrapping({ call }: Tools): Refusal | undefined {
  const { WrappingAlgorithm: algorithm, WrappingKeySpec: spec } = call.input;
  if (isImportWrapping(algorithm as string) && modulusBitsOf(spec as string) !== undefined) return undefined;
  return refusal(
    'UnsupportedOperationException',
    `Wrapping algorithm ${algorithm as string} with wrapping key spec ${spec as string} is not supported.`,
  );
}

const importConditions = (tools: Tools): Conditions => {
  const validTo = tools.call.input['ValidTo'] as number | undefined;
  return {
    parameters: {
      'kms:expirationmodel': modelOf(tools),
      'kms:validto': validTo === undefined ? undefined : new Date(validTo * 1000).toISOString(),
    },
  };
};

export const importKeyMaterial: Operation = withKey({
  mode: 'turn',
  rule: 'label',
  noAlias: true,
  conditions: importConditions,
  check: (tools, key) => refuseUnlessExternal(key) ?? refuseValidity(tools) ?? refuseChoice(tools, key),
  run: (tools, key) => {
    const { call, keyring, nowUs } = tools;
    const token = openImportToken(keyring, key.arn, call.input['ImportToken'] as Buffer);
    if (token === undefined) return refused(refusal('InvalidImportTokenException', 'The import token is invalid.'));
    try {
      if (token.expiresMs * 1000 <= nowUs)
        return refused(refusal('ExpiredImportTokenException', 'The import token has expired.'));
      const from = tools.monotonicUs();
      const material = unwrapImported(token.pkcs8, token.algorithm, call.input['EncryptedKeyMaterial'] as Buffer);
      tools.notes.cryptoUs += tools.monotonicUs() - from;
      if (material === undefined) return refused(refusal('InvalidCiphertextException', ''));
      try {
        return keep(tools, key, material);
      } finally {
        material.wipe();
      }
    } finally {
      token.pkcs8.wipe();
    }
  },
});

/** A key keeps the material that it first had: with any other its ciphertexts could not be opened again. */
function keep(tools: Tools, key: Key, material: Secret): Result {
  const { version, materialId: known } = currentMaterial(key);
  if (material.sizeBytes !== MATERIAL_BYTES)
    return refused(refusal('IncorrectKeyMaterialException', `Key material must be ${String(MATERIAL_BYTES)} bytes.`));
  const { materialId, write } = tools.keyStore.keep(key.arn, version, material);
  if (known !== undefined && known !== materialId)
    return refused(
      refusal(
        'IncorrectKeyMaterialException',
        'The key material is not the one that was imported into this key before.',
      ),
    );
  const validTo = tools.call.input['ValidTo'] as number | undefined;
  const change: Change = {
    type: 'KeyMaterialImported',
    v: 1,
    key: key.arn,
    version,
    materialId,
    ...(validTo === undefined ? {} : { expiresAt: toIsoMicros(Math.round(validTo * 1e6)) }),
    at: toIsoMicros(tools.nowUs),
  };
  return done({ KeyId: key.arn, KeyMaterialId: materialId }, [change], [write]);
}

function refuseValidity(tools: Tools): Refusal | undefined {
  const validTo = tools.call.input['ValidTo'] as number | undefined;
  if (modelOf(tools) !== EXPIRES)
    return validTo === undefined
      ? undefined
      : refusal('ValidationException', 'ValidTo must not be given for key material that does not expire.');
  if (validTo === undefined)
    return refusal('ValidationException', 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES');
  const inMs = validTo * 1000 - tools.nowUs / 1000;
  return inMs > 0 && inMs <= MAX_VALID_DAYS * MS_PER_DAY
    ? undefined
    : refusal('ValidationException', `ValidTo must be in the future, within ${String(MAX_VALID_DAYS)} days.`);
}

function refuseChoice({ call }: Tools, key: Key): Refusal | undefined {
  const { ImportType: type, KeyMaterialId: named } = call.input;
  const { materialId } = currentMaterial(key);
  if (type === 'NEW_KEY_MATERIAL' && materialId !== undefined)
    return refusal('UnsupportedOperationException', 'Keys with more than one imported material are not supported yet.');
  return refuseMaterialId(named as string | undefined, materialId);
}

const refuseMaterialId = (named: string | undefined, materialId: string | undefined): Refusal | undefined =>
  named === undefined || named === materialId
    ? undefined
    : refusal('NotFoundException', `Key material '${named}' does not exist`);

export const deleteImportedKeyMaterial: Operation = withKey({
  mode: 'turn',
  rule: 'any',
  noAlias: true,
  check: ({ call }, key) =>
    refuseUnlessExternal(key) ??
    refuseMaterialId(call.input['KeyMaterialId'] as string | undefined, currentMaterial(key).materialId),
  run: (tools, key) => {
    const { version, materialId, missing } = currentMaterial(key);
    // Its use is over with this decision: later ones find no row to fill the memory from.
    tools.keyStore.forget(key.arn);
    return done(
      { KeyId: key.arn, ...(materialId === undefined ? {} : { KeyMaterialId: materialId }) },
      missing === true ? [] : [{ type: 'KeyMaterialDeleted', v: 1, key: key.arn, version }],
    );
  },
});
