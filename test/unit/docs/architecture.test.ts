import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROLES, parseConfig } from '../../../src/app/config.ts';
import { ERROR_CODES } from '../../../src/base/index.ts';
import { COMMANDS } from '../../../src/cli/run.ts';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const PAGES = [
  'README.md',
  ...readdirSync(new URL('docs/', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const VARIABLE = /\b(?:KEYLEDGER|KAFKA|CLICKHOUSE)_[A-Z_]+\b/g;

const variablesOf = (text: string): Set<string> => new Set(text.match(VARIABLE));
/** As the schema declares them, at the beginning of a line. */
const declared = new Set(
  [...read('src/app/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].flatMap(([, name]) => name ?? []),
);

test.each(PAGES)('every source file that %s names exists', (page) => {
  const named = [...read(page).matchAll(/(?<![\w./-])(?:src|sql|test|schemas)\/[\w./-]*\w/g)].map(([path]) => path);
  expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
});

test.each(PAGES)('every setting that %s names is one the program reads', (page) => {
  const named = [...variablesOf(read(page))].filter((name) => !(name in ERROR_CODES));
  expect(named.filter((name) => !declared.has(name))).toEqual([]);
});

test('the page on configuration names every setting, in the order of the program', () => {
  const listed = [...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` /gm)].map(([, name]) => name);
  expect(listed).toEqual([...declared]);
});

test('the defaults in the page on configuration are those of the program', () => {
  const rows = read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` +\| `([^`]+)` +\|/gm);
  const defaults: Record<string, string> = {};
  for (const [, name = '', value = ''] of rows) defaults[name] = value;
  expect(Object.keys(defaults).length).toBeGreaterThan(5);
  const { paths: spelled, ...written } = parseConfig(defaults);
  const { paths: silent, ...read_ } = parseConfig({});
  expect(spelled).toEqual(silent);
  expect(written).toEqual(read_);
});

test('the life of one event names a file at every step', () => {
  const [, life = ''] = read('docs/architecture.md').split('## The life of one event');
  const steps = life
    .split('\n## ')[0]!
    .split(/^\d+\. /m)
    .slice(1);
  expect(steps.length).toBeGreaterThan(10);
  expect(steps.filter((step) => !/`(?:src|sql)\//.test(step))).toEqual([]);
});

test('every directory of the data that the program makes is in the table of where state lies', () => {
  const source = /export function dataPaths[^]*?^}/m.exec(read('src/app/config.ts'))?.[0] ?? '';
  const made = [...source.matchAll(/at\('([\w-]+)'\)/g)].map(([, name]) => name!);
  const [, table = ''] = read('docs/architecture.md').split('## Where state lies');
  expect(made.length).toBeGreaterThan(10);
  expect(made.filter((name) => !new RegExp(`\`${name}/?\``).test(table))).toEqual([]);
});

test('the README lists every command', () => {
  const listed = [...read('README.md').matchAll(/^\| `keyledger ([a-z]+)/gm)].map(([, name]) => name);
  expect(listed).toEqual(COMMANDS.map(({ name }) => name));
});

test('the distributed example of the README runs every role once', () => {
  const started = [...read('README.md').matchAll(/^npm run .* serve --roles ([a-z,]+)/gm)];
  expect(started.flatMap(([, roles]) => roles!.split(',')).sort()).toEqual([...ROLES].sort());
});

test('the page on configuration names every role', () => {
  const [, sentence = ''] = /some of the parts: ([^.]+)\./.exec(read('docs/configuration.md')) ?? [];
  expect([...sentence.matchAll(/`(\w+)`/g)].map(([, role]) => role)).toEqual([...ROLES]);
});
