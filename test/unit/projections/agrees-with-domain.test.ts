import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, KeyStateRow } from '../../../src/events/index.ts';
import { evolve, type Key } from '../../../src/kms/domain/index.ts';
import { foldKeyEvents, type AliasRow } from '../../../src/projections/index.ts';
import { at, changed, created, digest, keyArn } from './given.ts';

const key = keyArn('k');
const alias = fc.constantFrom('alias/x', 'alias/y');
const fact: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom<Change>(
    { type: 'KeyEnabled', v: 1, key },
    { type: 'KeyDisabled', v: 1, key },
    { type: 'KeyDeletionScheduled', v: 1, key, deleteAt: at(9), windowDays: 7 },
    { type: 'KeyDeletionCancelled', v: 1, key },
    { type: 'KeyDescriptionChanged', v: 1, key, description: 'new' },
    { type: 'PolicyChanged', v: 1, key, before: digest('a'), after: { digest: digest('c') } },
    { type: 'KeyTagged', v: 1, key, tags: { a: '1', b: '2' } },
    { type: 'KeyUntagged', v: 1, key, tagKeys: ['a'] },
    { type: 'RotationEnabled', v: 1, key, periodDays: 90, nextAt: at(5) },
    { type: 'RotationDisabled', v: 1, key },
    {
      type: 'KeyRotated',
      v: 1,
      key,
      version: 2,
      materialId: digest('d'),
      cause: 'AUTOMATIC',
      at: at(5),
      nextAt: at(7),
    },
    { type: 'KeyMaterialImported', v: 1, key, version: 1, materialId: digest('b'), at: at(5), expiresAt: at(8) },
    { type: 'KeyMaterialDeleted', v: 1, key, version: 1 },
    { type: 'KeyMaterialExpired', v: 1, key, version: 1 },
    { type: 'KeyRotated', v: 1, key, version: 3, materialId: digest('e'), cause: 'ON_DEMAND', at: at(6) },
  ),
  alias.map((name): Change => ({ type: 'AliasCreated', v: 1, key, alias: name, at: at(1) })),
  alias.map((name): Change => ({ type: 'AliasDeleted', v: 1, key, alias: name })),
);

/** What both sides know of a key, in the words of the row. */
const ofDomain = (key: Key | undefined): object | undefined =>
  key && {
    state: key.status,
    description: key.description,
    policyDigest: key.policyDigest,
    tags: key.tags,
    aliases: [...key.aliases].sort(),
    deleteAt: key.deleteAt,
    rotationPeriodDays: key.rotation?.periodDays,
    nextRotationAt: key.rotation?.nextAt,
    createdAt: key.createdAt,
  };
const ofRow = (row: KeyStateRow | undefined): object | undefined =>
  row && {
    state: row.state,
    description: row.description,
    policyDigest: row.policyDigest,
    tags: row.tags,
    aliases: row.aliases,
    deleteAt: row.deleteAt,
    rotationPeriodDays: row.rotationPeriodDays,
    nextRotationAt: row.nextRotationAt,
    createdAt: row.createdAt,
  };

test('the projection of a key is what the write side has, after any facts and after its deletion', () => {
  const last = fc.option(fc.constant<Change>({ type: 'KeyDeleted', v: 1, key }));
  fc.assert(
    fc.property(
      fc.array(fact, { maxLength: 25 }),
      last,
      fc.constantFrom('AWS_KMS', 'EXTERNAL'),
      (facts, deletion, origin) => {
        const changes = [created('k', origin), ...facts, ...(deletion === null ? [] : [deletion])];
        const written = changes.reduce<Key | undefined>(evolve, undefined);
        const none = { keys: new Map<string, KeyStateRow>(), aliases: new Map<string, AliasRow>() };
        const { keys } = foldKeyEvents(
          none,
          changes.map((change, index) => changed(index + 1, 'k', change)),
        );
        expect(ofRow(keys[0])).toEqual(ofDomain(written));
      },
    ),
  );
});
