import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/events/index.ts';
import { foldChanges } from '../../../../src/kms/domain/index.ts';
import { ACCOUNT, ARN, KEY_ID, REGION, ROLE, Tables, anyChange, at, created, digest } from './given.ts';

const ALIAS = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/a`;
const OTHER_ID = '99999999-12ab-34cd-56ef-1234567890ab';
const OTHER = ARN.replace(KEY_ID, OTHER_ID);
const scheduled = { type: 'KeyDeletionScheduled', v: 1, key: ARN, deleteAt: at(7), windowDays: 7 } as const;
const rotating = { type: 'RotationEnabled', v: 1, key: ARN, periodDays: 90, nextAt: at(90) } as const;
const aliased = { type: 'AliasCreated', v: 1, key: ARN, alias: 'alias/a', at: at(1) } as const;
const added: Change = {
  type: 'PrincipalAdded',
  v: 1,
  principal: ROLE,
  account: ACCOUNT,
  principalType: 'role',
  policies: [],
  at: at(0),
};
const keyAdded = (accessKeyId: string) =>
  ({ type: 'AccessKeyAdded', v: 1, principal: ROLE, accessKeyId, at: at(1) }) as const;

test('facts folded one by one, in groups or all at once give the same state', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), fc.array(fc.integer({ min: 0, max: 40 })), (changes, cuts) => {
      const single = new Tables();
      for (const change of changes) single.fold(change);
      const grouped = new Tables();
      const bounds = [0, ...cuts.filter((cut) => cut < changes.length).sort((a, b) => a - b), changes.length];
      bounds.slice(1).forEach((to, at) => grouped.fold(...changes.slice(bounds[at], to)));
      expect(grouped.rows).toEqual(single.rows);
      expect(new Tables().fold(...changes).rows).toEqual(single.rows);
    }),
    { numRuns: 300 },
  );
});

test('a fold reads its state and never writes it', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 10 }), fc.array(anyChange, { maxLength: 10 }), (past, changes) => {
      const tables = new Tables().fold(...past);
      const before = structuredClone(tables.rows);
      foldChanges(tables, changes);
      expect(tables.rows).toEqual(before);
    }),
  );
});

test('every due row belongs to a key that waits for it, and every key that waits has its row', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
      const tables = new Tables().fold(...changes);
      const wanted = tables.named('keys').flatMap((arn) => {
        const { status, deleteAt, rotation, materials } = tables.key(arn);
        const expiresAt = materials.at(-1)?.expiresAt;
        return [
          ...(status === 'PendingDeletion' ? [`${String(deleteAt)}|delete|${arn}`] : []),
          ...(status === 'Enabled' && rotation !== undefined ? [`${rotation.nextAt}|rotate|${arn}`] : []),
          ...(status !== 'Deleted' && expiresAt !== undefined ? [`${expiresAt}|expire|${arn}`] : []),
        ];
      });
      expect(tables.named('due')).toEqual(wanted.sort());
    }),
    { numRuns: 300 },
  );
});

test('a deletion is due at its date, moves with it, and goes when it is cancelled', () => {
  const tables = new Tables().fold(created(), scheduled);
  expect(tables.named('due')).toEqual([`${at(7)}|delete|${ARN}`]);
  expect(tables.get('due', `${at(7)}|delete|${ARN}`)).toEqual({ work: 'delete', arn: ARN, at: at(7) });
  tables.fold({ type: 'KeyDeletionCancelled', v: 1, key: ARN });
  expect(tables.named('due')).toEqual([]);
  tables.fold({ ...scheduled, deleteAt: at(30), windowDays: 30 });
  expect(tables.named('due')).toEqual([`${at(30)}|delete|${ARN}`]);
});

test('a rotation is due only while the key is Enabled, and at once when it is enabled past its date', () => {
  const tables = new Tables().fold(created(), rotating);
  expect(tables.named('due')).toEqual([`${at(90)}|rotate|${ARN}`]);
  tables.fold({ type: 'KeyDisabled', v: 1, key: ARN });
  expect(tables.named('due')).toEqual([]);
  tables.fold({ type: 'KeyEnabled', v: 1, key: ARN });
  expect(tables.named('due')).toEqual([`${at(90)}|rotate|${ARN}`]);
  tables.fold({ ...rotating, periodDays: 180, nextAt: at(180) });
  expect(tables.named('due')).toEqual([`${at(180)}|rotate|${ARN}`]);
  tables.fold(scheduled);
  expect(tables.named('due')).toEqual([`${at(7)}|delete|${ARN}`]);
  tables.fold({ type: 'KeyDeletionCancelled', v: 1, key: ARN }, { type: 'RotationDisabled', v: 1, key: ARN });
  expect(tables.named('due')).toEqual([]);
});

test('a deleted key loses its aliases and all versions of its material, and stays on record', () => {
  const rotated = {
    type: 'KeyRotated',
    v: 1,
    key: ARN,
    version: 2,
    materialId: digest('2'),
    cause: 'ON_DEMAND',
    at: at(1),
  } as const;
  const tables = new Tables().fold(created(), created(OTHER_ID), rotating, rotated, aliased);
  tables.apply([1, 2].map((version) => ({ table: 'material', key: `${ARN}#${String(version)}`, value: 'wrapped' })));
  tables.apply([{ table: 'material', key: `${OTHER}#1`, value: 'wrapped' }]);
  tables.fold(scheduled, { type: 'KeyDeleted', v: 1, key: ARN });
  expect(tables.named('material')).toEqual([`${OTHER}#1`]);
  expect(tables.named('aliases')).toEqual([]);
  expect(tables.named('due')).toEqual([]);
  expect(tables.key()).toMatchObject({ status: 'Deleted', aliases: [] });
  expect(tables.key().materials).toHaveLength(2);
});

test('an alias that moves leaves its old key and keeps its birthday', () => {
  const tables = new Tables().fold(created(), created(OTHER_ID), aliased);
  tables.fold({ type: 'AliasMoved', v: 1, key: OTHER, alias: 'alias/a', from: ARN, at: at(5) });
  expect(tables.key().aliases).toEqual([]);
  expect(tables.key(OTHER).aliases).toEqual(['alias/a']);
  expect(tables.get('aliases', ALIAS)).toEqual({
    arn: ALIAS,
    name: 'alias/a',
    keyArn: OTHER,
    createdAt: at(1),
    updatedAt: at(5),
  });
  tables.fold({ type: 'AliasDeleted', v: 1, key: OTHER, alias: 'alias/a' });
  expect(tables.named('aliases')).toEqual([]);
  expect(tables.key(OTHER).aliases).toEqual([]);
});

test('a document is kept under its digest; one too large for the fact comes by another way', () => {
  const tables = new Tables().fold(created(), {
    type: 'PolicyChanged',
    v: 1,
    key: ARN,
    before: digest('a'),
    after: { digest: digest('b') },
  });
  expect(tables.named('documents')).toEqual([digest('a')]);
  expect(tables.key().policyDigest).toBe(digest('b'));
});

test('a principal who goes takes every access key and its secret along', () => {
  const tables = new Tables().fold(added, keyAdded('AKIA1'), keyAdded('AKIA2'));
  tables.apply(['AKIA1', 'AKIA2', 'AKIA9'].map((key) => ({ table: 'secrets', key, value: 'sealed' })));
  tables.fold({ type: 'AccessKeyRemoved', v: 1, principal: ROLE, accessKeyId: 'AKIA1' });
  expect(tables.get('principals', ROLE)).toMatchObject({ accessKeyIds: ['AKIA2'] });
  expect(tables.named('secrets')).toEqual(['AKIA2', 'AKIA9']);
  tables.fold({ type: 'PrincipalRemoved', v: 1, principal: ROLE });
  expect(tables.named('access-keys')).toEqual([]);
  expect(tables.named('secrets')).toEqual(['AKIA9']);
  expect(tables.named('principals')).toEqual([]);
});

test('a principal whose policies are replaced keeps its access keys, or removing it would leave them behind', () => {
  const policies = [{ name: 'p', document: { digest: digest('d'), text: '{}' } }];
  const tables = new Tables().fold(added, keyAdded('AKIA1'), { ...added, policies, at: at(9) });
  expect(tables.get('principals', ROLE)).toMatchObject({
    accessKeyIds: ['AKIA1'],
    policies: [{ name: 'p', digest: digest('d') }],
  });
  tables.fold({ type: 'PrincipalRemoved', v: 1, principal: ROLE }, added);
  expect(tables.named('access-keys')).toEqual([]);
});
