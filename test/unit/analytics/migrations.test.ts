import { expect, test } from 'vitest';
import { readMigrations, splitStatements } from '../../../src/analytics/migrations.ts';

test('a statement ends with a semicolon at the end of a line, and nowhere else', () => {
  const text = "-- a; b\nSELECT ';' AS a\n  -- why; because\n;\n\nSELECT 2;  \n-- the end\n";
  expect(splitStatements(text)).toEqual(["-- a; b\nSELECT ';' AS a\n  -- why; because", 'SELECT 2']);
});

test('the migrations of the package are numbered without gaps and say why they sort and keep as they do', async () => {
  const migrations = await readMigrations();
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, at) => at + 1));
  for (const { name, statements } of migrations) {
    expect(statements.length, name).toBeGreaterThan(0);
    for (const statement of statements) {
      expect(statement, name).toMatch(/^(--.*\n)*CREATE (TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS/);
      if (!statement.includes('ENGINE = ')) continue;
      const lines = statement.split('\n');
      lines.forEach((line, at) => {
        if (/^(ORDER BY|PARTITION BY|TTL) /.test(line)) expect(lines[at - 1], `${name}: ${line}`).toMatch(/^--/);
      });
    }
  }
});

test('every table that inserts are repeated into remembers their tokens', async () => {
  const statements = (await readMigrations()).flatMap((migration) => migration.statements);
  for (const table of ['key_events', 'sli_1m', 'sli_1h', 'sink_batches']) {
    const create = statements.find((statement) => statement.includes(`CREATE TABLE IF NOT EXISTS ${table}\n`));
    expect(create, table).toContain('non_replicated_deduplication_window = 10000');
  }
});
