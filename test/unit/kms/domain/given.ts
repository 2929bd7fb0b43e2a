import fc from 'fast-check';
import { toIsoMicros } from '../../../../src/base/index.ts';
import type { Change, ChangeOf, ChangeType } from '../../../../src/events/index.ts';
import { foldChanges, keyArn, type Before, type Key, type Row } from '../../../../src/kms/domain/index.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-central-1';
export const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
export const ARN = keyArn(REGION, ACCOUNT, KEY_ID);
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/payments`;
export const digest = (fill: string): string => fill.repeat(64).slice(0, 64);
export const at = (day: number): string => toIsoMicros(1_790_000_000_000_000 + day * 86_400_000_000);

export const created = (keyId = KEY_ID): Extract<Change, { type: 'KeyCreated' }> => ({
  type: 'KeyCreated',
  v: 1,
  key: keyArn(REGION, ACCOUNT, keyId),
  keyId,
  account: ACCOUNT,
  region: REGION,
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  description: '',
  multiRegion: false,
  policy: { digest: digest('a'), text: '{}' },
  tags: {},
  materialId: digest('1'),
  at: at(0),
});

/** State in memory: what the journal's tables hold after a fold. */
export class Tables implements Before {
  readonly rows = new Map<string, unknown>();

  get(table: Row['table'], key: string): unknown {
    return this.rows.get(`${table} ${key}`);
  }

  range(table: Row['table'], prefix: string): { key: string; value: unknown }[] {
    return this.named(table)
      .filter((key) => key.startsWith(prefix))
      .map((key) => ({ key, value: this.get(table, key) }));
  }

  apply(rows: readonly Row[]): this {
    for (const { table, key, value } of rows)
      if (value === undefined) this.rows.delete(`${table} ${key}`);
      else this.rows.set(`${table} ${key}`, value);
    return this;
  }

  fold(...changes: readonly Change[]): this {
    return this.apply(foldChanges(this, changes));
  }

  key(arn = ARN): Key {
    return this.get('keys', arn) as Key;
  }

  /** Keys of one table's rows, sorted. */
  named(table: Row['table']): string[] {
    return [...this.rows.keys()]
      .filter((name) => name.startsWith(`${table} `))
      .map((name) => name.slice(table.length + 1))
      .sort();
  }
}

const key = fc.constantFrom(ARN, keyArn(REGION, ACCOUNT, 'mrk-0'), keyArn('us-east-1', ACCOUNT, KEY_ID));
const alias = fc.constantFrom('alias/a', 'alias/b', 'alias/deep/er');
const principal = fc.constantFrom(ROLE, `arn:aws:iam::${ACCOUNT}:root`);
const grantId = fc.constantFrom(digest('1'), digest('2'), digest('3'));
const accessKeyId = fc.constantFrom('AKIA1', 'AKIA2', 'AKIA3');
const day = fc.integer({ min: 0, max: 5 }).map(at);
const tagKey = fc.constantFrom('a', 'b', 'constructor');
type Members<T extends ChangeType> = {
  [K in Exclude<keyof ChangeOf<T>, 'type' | 'v'>]: fc.Arbitrary<ChangeOf<T>[K]>;
};
const about = <T extends ChangeType>(type: T, members: Members<T>): fc.Arbitrary<Change> =>
  fc.record({ type: fc.constant(type), v: fc.constant(1), ...members }) as unknown as fc.Arbitrary<Change>;

/** Any fact about a few keys and principals, in any order, possible or not. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  key.map((arn) => ({ ...created(arn.slice(arn.lastIndexOf('/') + 1)), key: arn })),
  about('KeyDescriptionChanged', { key, description: fc.string() }),
  about('KeyEnabled', { key }),
  about('KeyDisabled', { key }),
  about('KeyDeletionScheduled', { key, deleteAt: day, windowDays: fc.constant(7) }),
  about('KeyDeletionCancelled', { key }),
  about('KeyDeleted', { key }),
  about('PolicyChanged', {
    key,
    before: fc.constant(digest('a')),
    after: fc.constantFrom({ digest: digest('b') }, { digest: digest('c'), text: '{"c":1}' }),
  }),
  about('KeyTagged', { key, tags: fc.dictionary(tagKey, fc.constantFrom('1', '2')) }),
  about('KeyUntagged', { key, tagKeys: fc.array(tagKey) }),
  about('RotationEnabled', { key, periodDays: fc.constant(90), nextAt: day }),
  about('RotationDisabled', { key }),
  fc
    .tuple(key, fc.integer({ min: 2, max: 9 }), day, fc.option(day, { nil: undefined }))
    .map(([arn, version, when, nextAt]): Change => ({
      type: 'KeyRotated',
      v: 1,
      key: arn,
      version,
      materialId: digest(String(version)),
      cause: nextAt === undefined ? 'ON_DEMAND' : 'AUTOMATIC',
      at: when,
      ...(nextAt === undefined ? {} : { nextAt }),
    })),
  fc.tuple(key, day, fc.option(day, { nil: undefined })).map(([arn, when, expiresAt]): Change => ({
    type: 'KeyMaterialImported',
    v: 1,
    key: arn,
    version: 1,
    materialId: digest('1'),
    at: when,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  })),
  about('KeyMaterialDeleted', { key, version: fc.constant(1) }),
  about('KeyMaterialExpired', { key, version: fc.constant(1) }),
  about('AliasCreated', { key, alias, at: day }),
  about('AliasMoved', { key, alias, from: key, at: day }),
  about('AliasDeleted', { key, alias }),
  fc
    .record({
      key,
      grantId: grantId,
      grantee: principal,
      retiring: fc.option(principal, { nil: undefined }),
      name: fc.constantFrom('n', undefined),
      at: day,
    })
    .map(({ retiring, name, ...rest }): Change => ({
      type: 'GrantCreated',
      v: 1,
      ...rest,
      ...(retiring === undefined ? {} : { retiring }),
      ...(name === undefined ? {} : { name }),
      operations: ['Decrypt'],
      issuer: `arn:aws:iam::${ACCOUNT}:root`,
    })),
  about('GrantRetired', { key, grantId }),
  about('GrantRevoked', { key, grantId }),
  about('PrincipalAdded', {
    principal,
    account: fc.constant(ACCOUNT),
    principalType: fc.constantFrom('root', 'role'),
    policies: fc.constantFrom([], [{ name: 'p', document: { digest: digest('d'), text: '{"d":1}' } }]),
    at: day,
  }),
  about('PrincipalRemoved', { principal }),
  about('AccessKeyAdded', { principal, accessKeyId, at: day }),
  about('AccessKeyRemoved', { principal, accessKeyId }),
);
