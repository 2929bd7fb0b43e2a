import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, ChangeOf } from '../../../../src/events/index.ts';
import {
  grantPlace,
  granteePlace,
  namedPlace,
  pagesOf,
  type Grant,
  type GrantTerms,
} from '../../../../src/kms/domain/index.ts';
import { ACCOUNT, ARN, KEY_ID, ROLE, Tables, anyChange, at, created, digest } from './given.ts';

const OTHER_ROLE = `arn:aws:iam::${ACCOUNT}:role/other`;
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const idOf = (n: number): string => n.toString(16).padStart(64, '0');
const granted = (n: number, rest: Partial<ChangeOf<'GrantCreated'>> = {}): ChangeOf<'GrantCreated'> => ({
  type: 'GrantCreated',
  v: 1,
  key: ARN,
  grantId: idOf(n),
  grantee: ROLE,
  operations: ['Decrypt'],
  issuer: ROOT,
  at: at(n),
  ...rest,
});
const indexed = (tables: Tables, grantee: string, key = ARN): string[] =>
  pagesOf((place) => tables.get('grant-index', place), granteePlace(key, grantee)).flat();
const termsOf = ({ name, retiring, constraints, ...grant }: ChangeOf<'GrantCreated'>): GrantTerms => ({
  grantee: grant.grantee,
  operations: grant.operations,
  issuer: grant.issuer,
  ...(name === undefined ? {} : { name }),
  ...(retiring === undefined ? {} : { retiring }),
  ...(constraints === undefined ? {} : { constraints: constraints as NonNullable<GrantTerms['constraints']> }),
});

test('a grant is found by its grantee, counted on its key, and gone without a trace when it is retired or revoked', () => {
  const before = new Tables().fold(created()).rows;
  for (const type of ['GrantRetired', 'GrantRevoked'] as const) {
    const tables = new Tables().fold(created(), granted(1, { name: 'n', retiring: OTHER_ROLE }), granted(2));
    expect(indexed(tables, ROLE)).toEqual([idOf(1), idOf(2)]);
    expect(tables.key().grantCount).toBe(2);
    tables.fold({ type, v: 1, key: ARN, grantId: idOf(1) }, { type, v: 1, key: ARN, grantId: idOf(2) });
    expect(tables.key().grantCount).toBe(0);
    expect([...tables.rows.keys()]).toEqual([...before.keys()]);
  }
});

test('a key that is deleted takes its grants along, and no other key does', () => {
  const otherKey = ARN.replace(KEY_ID, `${KEY_ID.slice(0, -1)}1`);
  const tables = new Tables().fold(
    created(),
    created(`${KEY_ID.slice(0, -1)}1`),
    granted(1, { name: 'n', retiring: ROLE }),
    granted(2, { key: otherKey, name: 'n', retiring: ROLE }),
  );
  tables.fold({ type: 'KeyDeleted', v: 1, key: ARN });
  expect(tables.named('grants')).toEqual([grantPlace(otherKey, idOf(2))]);
  expect(tables.named('grant-index').filter((place) => place.includes(ARN))).toEqual([]);
  expect(tables.named('grant-index')).toHaveLength(4);
  expect(tables.key().grantCount).toBeUndefined();
});

test('grants of one name and the same terms are one, in whatever order the operations come', () => {
  const terms = termsOf(granted(1, { name: 'n', operations: ['Encrypt', 'Decrypt'] }));
  expect(namedPlace(ARN, { ...terms, operations: ['Decrypt', 'Encrypt', 'Decrypt'] })).toBe(namedPlace(ARN, terms));
  for (const other of [
    { name: 'm' },
    { grantee: OTHER_ROLE },
    { retiring: ROLE },
    { operations: ['Decrypt'] },
    { constraints: { encryptionContextSubset: { a: 'b' } } },
    { issuer: 'arn:aws:iam::111111111111:root' },
  ])
    expect(namedPlace(ARN, { ...terms, ...other })).not.toBe(namedPlace(ARN, terms));
});

test('what is found by any index is exactly what there is, after any history', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
      const births = changes.filter(({ type }) => type === 'KeyCreated').slice(0, 1);
      const tables = new Tables().fold(...births, ...changes.filter(({ type }) => type !== 'KeyCreated'));
      const grants = tables.named('grants').map((place) => tables.get('grants', place) as Grant);
      for (const { keyArn, grantee, grantId } of grants) expect(indexed(tables, grantee, keyArn)).toContain(grantId);
      for (const arn of tables.named('keys')) {
        const own = grants.filter(({ keyArn }) => keyArn === arn);
        expect(tables.key(arn).grantCount ?? 0).toBe(own.length);
        const grantees = [...new Set(own.map(({ grantee }) => grantee))];
        expect(grantees.flatMap((grantee) => indexed(tables, grantee, arn)).sort()).toEqual(
          own.map(({ grantId }) => grantId).sort(),
        );
      }
      const retirable = grants.filter(({ retiring }) => retiring !== undefined);
      expect(tables.named('grant-index').filter((place) => place.startsWith('retiring|'))).toHaveLength(
        retirable.length,
      );
    }),
    { numRuns: 300 },
  );
});

test('thousands of grants to one grantee come and go in pages, none lost and none left', () => {
  const tables = new Tables().fold(created());
  for (let n = 0; n < 1_000; n += 1) tables.fold(granted(n));
  const pages = pagesOf((place) => tables.get('grant-index', place), granteePlace(ARN, ROLE));
  expect(pages.map(({ length }) => length)).toEqual([128, 128, 128, 128, 128, 128, 128, 104]);
  const revoked = (n: number): Change => ({ type: 'GrantRevoked', v: 1, key: ARN, grantId: idOf(n) });
  for (let n = 0; n < 1_000; n += 2) tables.fold(revoked(n));
  expect(indexed(tables, ROLE)).toHaveLength(500);
  for (let n = 1; n < 1_000; n += 2) tables.fold(revoked(n));
  expect(tables.named('grant-index')).toEqual([]);
  expect(tables.key().grantCount).toBe(0);
});

test('a fact about a grant that is not there changes nothing', () => {
  const tables = new Tables().fold(created(), granted(1));
  const before = structuredClone(tables.rows);
  tables.fold({ type: 'GrantRevoked', v: 1, key: ARN, grantId: digest('f') }, granted(1));
  expect(tables.rows).toEqual(before);
});
