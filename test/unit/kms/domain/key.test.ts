import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentMaterial, evolve, type Key } from '../../../../src/kms/domain/index.ts';
import type { Change } from '../../../../src/events/index.ts';
import { ARN, Tables, anyChange, at, created, digest } from './given.ts';

const key = (...changes: Change[]): Key => new Tables().fold(created(), ...changes).key();

test('a key is born Enabled, with one version of material and without alias, rotation or date of deletion', () => {
  expect(key()).toEqual({
    arn: ARN,
    keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
    account: '000000000000',
    region: 'eu-central-1',
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    status: 'Enabled',
    description: '',
    multiRegion: false,
    policyDigest: digest('a'),
    tags: {},
    aliases: [],
    materials: [{ version: 1, materialId: digest('1'), at: at(0), cause: 'CREATED' }],
    createdAt: at(0),
  });
});

test('history never throws, whatever it says and in whatever order', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
      let state: Key | undefined;
      for (const change of changes) state = evolve(state, change);
    }),
  );
});

test('a key that was never created stays absent, whatever is said of it', () => {
  fc.assert(
    fc.property(
      anyChange.filter(({ type }) => type !== 'KeyCreated'),
      (change) => evolve(undefined, change) === undefined,
    ),
  );
});

test('a fact never changes the key it was told of: it makes another', () => {
  const before = Object.freeze({ ...key(), tags: Object.freeze({ a: '1' }), aliases: Object.freeze(['alias/a']) });
  Object.freeze(before.materials);
  fc.assert(fc.property(anyChange, (change) => void evolve(before, change)));
});

test('a cancelled deletion leaves the key Disabled and without a date', () => {
  const scheduled = { type: 'KeyDeletionScheduled', v: 1, key: ARN, deleteAt: at(7), windowDays: 7 } as const;
  expect(key(scheduled)).toMatchObject({ status: 'PendingDeletion', deleteAt: at(7) });
  const cancelled = key(scheduled, { type: 'KeyDeletionCancelled', v: 1, key: ARN });
  expect(cancelled.status).toBe('Disabled');
  expect(cancelled).not.toHaveProperty('deleteAt');
});

test('the newest material encrypts and all of it stays', () => {
  const rotated = key(
    { type: 'RotationEnabled', v: 1, key: ARN, periodDays: 90, nextAt: at(90) },
    { type: 'KeyRotated', v: 1, key: ARN, version: 2, materialId: digest('2'), cause: 'ON_DEMAND', at: at(1) },
    {
      type: 'KeyRotated',
      v: 1,
      key: ARN,
      version: 3,
      materialId: digest('3'),
      cause: 'AUTOMATIC',
      at: at(90),
      nextAt: at(180),
    },
  );
  expect(currentMaterial(rotated)).toEqual({ version: 3, materialId: digest('3'), at: at(90), cause: 'AUTOMATIC' });
  expect(rotated.materials.map(({ version }) => version)).toEqual([1, 2, 3]);
  expect(rotated.rotation).toEqual({ periodDays: 90, nextAt: at(180) });
});

test('tags are merged by name and taken away by name', () => {
  const tagged = key(
    { type: 'KeyTagged', v: 1, key: ARN, tags: { a: '1', b: '2' } },
    { type: 'KeyTagged', v: 1, key: ARN, tags: { b: '3', c: '4' } },
    { type: 'KeyUntagged', v: 1, key: ARN, tagKeys: ['a', 'unknown'] },
  );
  expect(tagged.tags).toEqual({ b: '3', c: '4' });
});
