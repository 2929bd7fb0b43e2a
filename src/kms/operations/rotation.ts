import { toIsoMicros } from '../../base/index.ts';
import type { Change } from '../../events/index.ts';
import type { Write } from '../../journal/index.ts';
import { currentMaterial, refusal, type Key, type Material, type Refusal } from '../domain/index.ts';
import type { KeyStore } from '../keystore/index.ts';
import { done, refused, type Operation } from '../call.ts';
import { epochSeconds } from './keys.ts';
import { page } from './page.ts';
import { refuseUnlessSymmetric, withKey } from './with-key.ts';

const US_PER_DAY = 86_400_000_000;
const DEFAULT_PERIOD_DAYS = 365;
const MAX_ON_DEMAND = 25;
const DEFAULT_ROTATIONS = 100;

/** New material for a key: the fact and the row that carries the wrapped bytes. */
export function rotate(
  keyStore: KeyStore,
  key: Key,
  cause: 'AUTOMATIC' | 'ON_DEMAND',
  nowUs: number,
): { change: Change; write: Write } {
  const version = currentMaterial(key).version + 1;
  const { materialId, write } = keyStore.create(key.arn, version);
  const next =
    cause === 'AUTOMATIC' && key.rotation !== undefined
      ? { nextAt: toIsoMicros(nowUs + key.rotation.periodDays * US_PER_DAY) }
      : {};
  return {
    change: { type: 'KeyRotated', v: 1, key: key.arn, version, materialId, cause, at: toIsoMicros(nowUs), ...next },
    write,
  };
}

/** Material is made anew only for symmetric keys whose material is made here. */
function refuseUnlessOurs(key: Key): Refusal | undefined {
  if (key.origin === 'AWS_KMS') return refuseUnlessSymmetric(key);
  return refusal(
    'UnsupportedOperationException',
    `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
  );
}

export const enableKeyRotation: Operation = withKey({
  mode: 'turn',
  rule: 'rotation',
  noAlias: true,
  check: (_tools, key) => refuseUnlessOurs(key),
  conditions: ({ call }) => ({
    parameters: {
      'kms:rotationperiodindays': String(
        (call.input['RotationPeriodInDays'] as number | undefined) ?? DEFAULT_PERIOD_DAYS,
      ),
    },
  }),
  run: (tools, key) => {
    const periodDays =
      (tools.call.input['RotationPeriodInDays'] as number | undefined) ??
      key.rotation?.periodDays ??
      DEFAULT_PERIOD_DAYS;
    if (key.rotation?.periodDays === periodDays) return done({});
    return done({}, [
      {
        type: 'RotationEnabled',
        v: 1,
        key: key.arn,
        periodDays,
        nextAt: toIsoMicros(tools.nowUs + periodDays * US_PER_DAY),
      },
    ]);
  },
});

export const disableKeyRotation: Operation = withKey({
  mode: 'turn',
  rule: 'rotation',
  noAlias: true,
  check: (_tools, key) => refuseUnlessOurs(key),
  run: (_tools, key) => done({}, key.rotation === undefined ? [] : [{ type: 'RotationDisabled', v: 1, key: key.arn }]),
});

export const getKeyRotationStatus: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (_tools, key) =>
    done({
      KeyId: key.arn,
      KeyRotationEnabled: key.rotation !== undefined,
      ...(key.rotation === undefined
        ? {}
        : { NextRotationDate: epochSeconds(key.rotation.nextAt), RotationPeriodInDays: key.rotation.periodDays }),
    }),
});

export const rotateKeyOnDemand: Operation = withKey({
  mode: 'turn',
  rule: 'use',
  noAlias: true,
  check: (_tools, key) => refuseUnlessOurs(key),
  run: (tools, key) => {
    if (key.materials.filter(({ cause }) => cause === 'ON_DEMAND').length >= MAX_ON_DEMAND)
      return refused(
        refusal(
          'LimitExceededException',
          `${key.arn} has reached the limit of ${String(MAX_ON_DEMAND)} on-demand rotations.`,
        ),
      );
    const { change, write } = rotate(tools.keyStore, key, 'ON_DEMAND', tools.nowUs);
    return done({ KeyId: key.arn }, [change], [write]);
  },
});

/** A rotation as ListKeyRotations shows it; the first material is not a rotation. */
const shown = (key: Key, material: Material): Record<string, unknown> => ({
  KeyId: key.arn,
  KeyMaterialId: material.materialId,
  KeyMaterialState: material.version === currentMaterial(key).version ? 'CURRENT' : 'NON_CURRENT',
  ...(material.cause === 'CREATED' ? {} : { RotationDate: epochSeconds(material.at), RotationType: material.cause }),
});

export const listKeyRotations: Operation = withKey({
  mode: 'now',
  rule: 'any',
  noAlias: true,
  run: (tools, key) => {
    const all = tools.call.input['IncludeKeyMaterial'] === 'ALL_KEY_MATERIAL';
    const rows = key.materials
      .filter(({ cause, materialId }) => (all && materialId !== undefined) || cause !== 'CREATED')
      .map((material) => ({ key: String(material.version).padStart(10, '0'), value: material }));
    const list = page(tools, `rotations ${key.arn} ${String(all)}`, DEFAULT_ROTATIONS, (after, limit) =>
      rows.filter(({ key: at }) => after === undefined || at > after).slice(0, limit),
    );
    if (list.kind === 'refused') return list;
    return done({ Rotations: list.rows.map(({ value }) => shown(key, value)), ...list.paging });
  },
});
