import { afterAll, beforeAll, expect, test } from 'vitest';
import { dumpSchema, migrate, readMigrations, type Migration } from '../../../src/analytics/index.ts';
import { startMortalClickHouse, type MortalClickHouse } from '../../support/clickhouse.ts';

let mortal: MortalClickHouse;
let migrations: readonly Migration[];

beforeAll(async () => {
  mortal = await startMortalClickHouse();
  migrations = await readMigrations();
});
afterAll(() => mortal.close());

test('an interrupted migration is finished by the next', async () => {
  const last = migrations.at(-1)!;
  const broken = { ...last, statements: [...last.statements.slice(0, 2), 'SELECT FROM nowhere'] };
  await expect(migrate(mortal.client(), [...migrations.slice(0, -1), broken])).rejects.toMatchObject({
    code: 'CLICKHOUSE_REJECTED',
    retryable: false,
  });
  expect(await migrate(mortal.client())).toEqual([last]);
});

test('migrating again changes nothing', async () => {
  const before = await dumpSchema(mortal.client());
  expect(await migrate(mortal.client())).toEqual([]);
  expect(await dumpSchema(mortal.client())).toBe(before);
});

test('sql/schema.sql is what the migrations make', async () => {
  await expect(await dumpSchema(mortal.client())).toMatchFileSnapshot('../../../sql/schema.sql');
});

test('a file that was edited after it was applied is refused', async () => {
  const [first, ...rest] = migrations;
  const edited = { ...first!, sha256: '0'.repeat(64) };
  await expect(migrate(mortal.client(), [edited, ...rest])).rejects.toMatchObject({ code: 'SCHEMA_EDITED' });
});

test('a database of a newer version is refused', async () => {
  await expect(migrate(mortal.client(), migrations.slice(0, 2))).rejects.toMatchObject({ code: 'DATA_FORMAT_UNKNOWN' });
});
