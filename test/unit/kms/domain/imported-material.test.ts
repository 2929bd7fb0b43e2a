import { expect, test } from 'vitest';
import type { Change } from '../../../../src/events/index.ts';
import { ARN, Tables, at, created, digest } from './given.ts';

const PLACE = `${ARN}#1`;
const born: Change = { ...created(), origin: 'EXTERNAL' };
delete born.materialId;
const arrives = (expiresAt?: string): Change => ({
  type: 'KeyMaterialImported',
  v: 1,
  key: ARN,
  version: 1,
  materialId: digest('5'),
  at: at(1),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});
const goes = { type: 'KeyMaterialDeleted', v: 1, key: ARN, version: 1 } as const;
const expires = { type: 'KeyMaterialExpired', v: 1, key: ARN, version: 1 } as const;
const scheduled = { type: 'KeyDeletionScheduled', v: 1, key: ARN, deleteAt: at(7), windowDays: 7 } as const;
const withBytes = (tables: Tables): Tables => tables.apply([{ table: 'material', key: PLACE, value: 'wrapped' }]);

test('a key whose material is to be imported waits for it and is enabled by it', () => {
  const tables = new Tables().fold(born);
  expect(tables.key()).toMatchObject({ status: 'PendingImport', materials: [{ version: 1, missing: true }] });
  expect(tables.key().materials[0].materialId).toBeUndefined();
  expect(tables.fold(arrives()).key()).toMatchObject({ status: 'Enabled', materials: [{ materialId: digest('5') }] });
});

test.each([goes, expires])(
  '$type destroys the bytes, keeps the name of the material, and leaves no work to do',
  (fact) => {
    const tables = withBytes(new Tables().fold(born, arrives(at(9)))).fold(fact);
    expect(tables.get('material', PLACE)).toBeUndefined();
    expect(tables.named('due')).toEqual([]);
    expect(tables.key()).toMatchObject({
      status: 'PendingImport',
      materials: [{ version: 1, materialId: digest('5'), missing: true }],
    });
  },
);

test('material is due to expire at its own date, and at the new one when it is imported again', () => {
  const tables = new Tables().fold(born, arrives(at(9)));
  expect(tables.named('due')).toEqual([`${at(9)}|expire|${ARN}`]);
  expect(tables.fold(arrives(at(5))).named('due')).toEqual([`${at(5)}|expire|${ARN}`]);
  expect(tables.fold(arrives()).named('due')).toEqual([]);
});

test('a key on its way out stays on it whatever becomes of its material, which no deleted key has', () => {
  const tables = new Tables().fold(born, arrives(at(9)), scheduled);
  expect(tables.named('due')).toEqual([`${at(7)}|delete|${ARN}`, `${at(9)}|expire|${ARN}`].sort());
  expect(tables.fold(expires).key().status).toBe('PendingDeletion');
  expect(
    withBytes(tables)
      .fold(arrives(at(9)), { type: 'KeyDeleted', v: 1, key: ARN })
      .named('due'),
  ).toEqual([]);
  expect(tables.get('material', PLACE)).toBeUndefined();
});
