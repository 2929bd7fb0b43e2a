import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { assert, OperationalError } from '../base/index.ts';
import type { ClickHouse } from './client.ts';

/** One numbered file of `sql/`, forward only. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
  readonly statements: readonly string[];
}

/** `sql/` of the package; src/ and dist/ lie at the same depth. */
const SQL_DIRECTORY = fileURLToPath(new URL('../../sql/', import.meta.url));
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** The migrations that come with this version, in order. */
export async function readMigrations(directory = SQL_DIRECTORY): Promise<readonly Migration[]> {
  const files = (await readdir(directory)).filter((file) => FILE_NAME.test(file)).sort();
  return Promise.all(
    files.map(async (file, at) => {
      const text = await readFile(`${directory}/${file}`, 'utf8');
      const [, number = '', name = ''] = FILE_NAME.exec(file) ?? [];
      const version = Number(number);
      assert(version === at + 1, `${file} should have number ${String(at + 1)}`);
      return {
        version,
        name,
        sha256: createHash('sha256').update(text).digest('hex'),
        statements: splitStatements(text),
      };
    }),
  );
}

/** HTTP takes one statement a request. A statement ends with a semicolon at the end of a line; a comment never does. */
export function splitStatements(text: string): readonly string[] {
  return text
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('--')));
}

const Applied = z.strictObject({ version: z.int().min(1), name: z.string(), sha256: z.string() });

const SCHEMA_MIGRATIONS = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32, name String, sha256 String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/**
 * Brings the database to this version's schema and returns what was applied now. ClickHouse has no transactions over DDL: every statement
 * can be repeated, and a file is recorded after its last one, so an interrupted migration is finished by the next start.
 *
 * @throws OperationalError SCHEMA_EDITED for a file changed after it was applied; DATA_FORMAT_UNKNOWN when the database is newer.
 */
export async function migrate(client: ClickHouse, migrations?: readonly Migration[]): Promise<readonly Migration[]> {
  const all = migrations ?? (await readMigrations());
  await client.command(`CREATE DATABASE IF NOT EXISTS ${client.database}`, { outsideDatabase: true });
  await client.command(SCHEMA_MIGRATIONS);
  const applied = await client.query(
    Applied,
    'SELECT version, name, sha256 FROM schema_migrations FINAL ORDER BY version',
  );
  for (const row of applied) check(row, all[row.version - 1]);
  const pending = all.slice(applied.length);
  for (const { version, name, sha256, statements } of pending) {
    for (const statement of statements) await client.command(statement);
    await client.insert('schema_migrations', [{ version, name, sha256 }]);
  }
  return pending;
}

function check(applied: z.infer<typeof Applied>, ours: Migration | undefined): void {
  const label = `${String(applied.version).padStart(4, '0')}_${applied.name}.sql`;
  if (ours === undefined) {
    throw new OperationalError('DATA_FORMAT_UNKNOWN', `ClickHouse has ${label}, which this version does not know`);
  }
  if (ours.sha256 !== applied.sha256) {
    throw new OperationalError('SCHEMA_EDITED', `${label} was edited after it was applied`);
  }
}

const Created = z.strictObject({ statement: z.string() });

/** The schema as ClickHouse understood it: what `sql/schema.sql` holds. Independent of database and user. */
export async function dumpSchema(client: ClickHouse): Promise<string> {
  const rows = await client.query(
    Created,
    `SELECT formatQuery(create_table_query) AS statement FROM system.tables WHERE database = {database:String} ORDER BY name`,
    { database: client.database },
  );
  const statements = rows.map(({ statement }) =>
    statement.replaceAll(`${client.database}.`, '').replace(/\s+DEFINER = \S+ SQL SECURITY DEFINER/, ''),
  );
  return `-- Generated from the migrations and compared with them by a test. Do not edit.\n\n${statements.join(';\n\n')};\n`;
}
