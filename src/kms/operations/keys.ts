import { toIsoMicros, uuidv4, parseIsoMicros } from '../../base/index.ts';
import type { Change } from '../../events/index.ts';
import {
  SYMMETRIC,
  algorithmsOf,
  createdKey,
  currentMaterial,
  isSupportedSpec,
  keyArn,
  listedAlgorithms,
  refusal,
  type Key,
} from '../domain/index.ts';
import { modulusBitsOf } from '../crypto/index.ts';
import { defaultKeyPolicy } from '../policy/index.ts';
import { done, refused, type Conditions, type Operation, type Tools } from '../call.ts';
import { checkPolicy, documentOf } from '../documents.ts';
import { tagConditions, tagsOf, refuseTags } from './tags.ts';
import { withKey } from './with-key.ts';

const US_PER_DAY = 86_400_000_000;
const DEFAULT_WINDOW_DAYS = 30;
/** AWS's documented limits; its model allows 1 to 365. */
const MIN_WINDOW_DAYS = 7;

/** AWS's JSON carries times as seconds with a fraction. */
export const epochSeconds = (iso: string): number => Math.floor((parseIsoMicros(iso) ?? 0) / 1000) / 1000;

/** KeyMetadata of CreateKey and DescribeKey. */
export function keyMetadata(key: Key): Record<string, unknown> {
  return {
    AWSAccountId: key.account,
    Arn: key.arn,
    CreationDate: epochSeconds(key.createdAt),
    ...(key.spec === SYMMETRIC ? { CurrentKeyMaterialId: currentMaterial(key).materialId } : {}),
    CustomerMasterKeySpec: key.spec,
    ...expirationOf(key),
    ...(key.deleteAt === undefined ? {} : { DeletionDate: epochSeconds(key.deleteAt) }),
    Description: key.description,
    Enabled: key.status === 'Enabled',
    KeyId: key.keyId,
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    KeyState: key.status,
    KeyUsage: key.usage,
    MultiRegion: key.multiRegion,
    Origin: key.origin,
    ...listedAlgorithms(key.spec, key.usage),
  };
}

/** Only imported material expires; of material that is not there nothing is said. */
function expirationOf(key: Key): Record<string, unknown> {
  const { missing, expiresAt } = currentMaterial(key);
  if (key.origin !== 'EXTERNAL' || missing === true) return {};
  if (expiresAt === undefined) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: epochSeconds(expiresAt) };
}

const createConditions = (tools: Tools, spec: string, usage: string): Conditions => ({
  keySpec: spec,
  keyUsage: usage,
  keyOrigin: (tools.call.input['Origin'] as string | undefined) ?? 'AWS_KMS',
  multiRegion: tools.call.input['MultiRegion'] === true,
  parameters: {
    'kms:bypasspolicylockoutsafetycheck': String(tools.call.input['BypassPolicyLockoutSafetyCheck'] === true),
  },
  ...tagConditions(tools),
});

export const createKey: Operation = {
  mode: 'turn',
  mayNeed: true,
  run: (tools) => {
    const { call, nowUs, keyStore, prepared } = tools;
    const { input, region } = call;
    const account = call.caller.actor.account;
    const spec = ((input['KeySpec'] ?? input['CustomerMasterKeySpec']) as string | undefined) ?? 'SYMMETRIC_DEFAULT';
    const usage = (input['KeyUsage'] as string | undefined) ?? 'ENCRYPT_DECRYPT';
    const tags = tagsOf(input['Tags']);
    const denied =
      tools.authorise('kms:CreateKey', '*', createConditions(tools, spec, usage)) ??
      (Object.keys(tags).length > 0 ? tools.authorise('kms:TagResource', '*', tagConditions(tools)) : undefined);
    if (denied !== undefined) return refused(denied);
    const unsupported = refuseUnsupportedKind(tools, spec, usage);
    if (unsupported !== undefined) return refused(unsupported);
    const badTags = refuseTags(input['Tags'], {});
    if (badTags !== undefined) return refused(badTags);
    const keyId = uuidv4();
    const arn = keyArn(region, account, keyId);
    const text = (input['Policy'] as string | undefined) ?? defaultKeyPolicy(account);
    const badPolicy = checkPolicy(tools, text, arn, input['BypassPolicyLockoutSafetyCheck'] === true);
    if (badPolicy !== undefined) return refused(badPolicy);
    const policy = documentOf(text);
    const origin = (input['Origin'] as string | undefined) ?? 'AWS_KMS';
    const modulusBits = modulusBitsOf(spec);
    if (modulusBits !== undefined && prepared === undefined) return { kind: 'needs', modulusBits };
    const made = prepared === undefined ? () => keyStore.create(arn, 1, spec) : () => keyStore.keep(arn, 1, prepared);
    const material = origin === 'EXTERNAL' ? undefined : made();
    const change: Change = {
      type: 'KeyCreated',
      v: 1,
      key: arn,
      keyId,
      account,
      region,
      spec,
      usage,
      origin,
      description: (input['Description'] as string | undefined) ?? '',
      multiRegion: false,
      policy: policy.ref,
      tags,
      ...(material === undefined ? {} : { materialId: material.materialId }),
      at: toIsoMicros(nowUs),
    };
    tools.notes.key = { arn, account, region, spec, version: 1 };
    const key = createdKey(change);
    const writes = material === undefined ? policy.attachments : [material.write, ...policy.attachments];
    return done({ KeyMetadata: keyMetadata(key) }, [change], writes);
  },
};

function refuseUnsupportedKind(tools: Tools, spec: string, usage: string): ReturnType<typeof refusal> | undefined {
  const { input } = tools.call;
  if (spec !== SYMMETRIC && input['KeyUsage'] === undefined)
    return refusal(
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  if (!isSupportedSpec(spec)) return refusal('UnsupportedOperationException', `Key spec ${spec} is not supported.`);
  if (algorithmsOf(spec, usage).length === 0)
    return refusal('ValidationException', `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  if (input['Origin'] === 'EXTERNAL' && spec !== SYMMETRIC)
    return refusal('UnsupportedOperationException', `Importing the material of a ${spec} key is not supported yet.`);
  if (!['AWS_KMS', 'EXTERNAL', undefined].includes(input['Origin'] as string | undefined))
    return refusal(
      'UnsupportedOperationException',
      `Origin ${input['Origin'] as string} is not supported yet; use AWS_KMS or EXTERNAL.`,
    );
  if (input['MultiRegion'] === true)
    return refusal('UnsupportedOperationException', 'Multi-Region keys are not supported yet.');
  if (input['CustomKeyStoreId'] !== undefined)
    return refusal('CustomKeyStoreNotFoundException', 'There is no such custom key store.');
  return undefined;
}

export const describeKey: Operation = withKey({
  mode: 'now',
  rule: 'any',
  run: (_tools, key) => done({ KeyMetadata: keyMetadata(key) }),
});

export const updateKeyDescription: Operation = withKey({
  mode: 'turn',
  rule: 'label',
  noAlias: true,
  run: (tools, key) => {
    const description = tools.call.input['Description'] as string;
    return done(
      {},
      description === key.description ? [] : [{ type: 'KeyDescriptionChanged', v: 1, key: key.arn, description }],
    );
  },
});

export const enableKey: Operation = withKey({
  mode: 'turn',
  rule: 'switch',
  noAlias: true,
  run: (_tools, key) => done({}, key.status === 'Enabled' ? [] : [{ type: 'KeyEnabled', v: 1, key: key.arn }]),
});

export const disableKey: Operation = withKey({
  mode: 'turn',
  rule: 'switch',
  noAlias: true,
  run: (_tools, key) => done({}, key.status === 'Disabled' ? [] : [{ type: 'KeyDisabled', v: 1, key: key.arn }]),
});

export const scheduleKeyDeletion: Operation = withKey({
  mode: 'turn',
  rule: 'schedule-deletion',
  noAlias: true,
  conditions: ({ call }) => ({
    parameters: {
      'kms:schedulekeydeletionpendingwindowindays': String(
        (call.input['PendingWindowInDays'] as number | undefined) ?? DEFAULT_WINDOW_DAYS,
      ),
    },
  }),
  run: (tools, key) => {
    const windowDays = (tools.call.input['PendingWindowInDays'] as number | undefined) ?? DEFAULT_WINDOW_DAYS;
    if (windowDays < MIN_WINDOW_DAYS || windowDays > DEFAULT_WINDOW_DAYS)
      return refused(
        refusal(
          'ValidationException',
          `PendingWindowInDays must be between ${MIN_WINDOW_DAYS} and ${DEFAULT_WINDOW_DAYS}.`,
        ),
      );
    const deleteAt = toIsoMicros(tools.nowUs + windowDays * US_PER_DAY);
    return done(
      {
        DeletionDate: epochSeconds(deleteAt),
        KeyId: key.arn,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: windowDays,
      },
      [{ type: 'KeyDeletionScheduled', v: 1, key: key.arn, deleteAt, windowDays }],
    );
  },
});

export const cancelKeyDeletion: Operation = withKey({
  mode: 'turn',
  rule: 'cancel-deletion',
  noAlias: true,
  run: (_tools, key) => {
    const { version, missing } = currentMaterial(key);
    const rescued: Change = { type: 'KeyDeletionCancelled', v: 1, key: key.arn };
    // A key whose material has gone meanwhile, or never came, waits for it again.
    const waits: Change[] = missing === true ? [{ type: 'KeyMaterialDeleted', v: 1, key: key.arn, version }] : [];
    return done({ KeyId: key.arn }, [rescued, ...waits]);
  },
});
