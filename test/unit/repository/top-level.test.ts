import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
// In a container the clone may belong to another user, which git would refuse.
const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(new URL(path, root)));

const AGREED = [
  '.ci',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'docker-compose.yml',
  'docs',
  'package.json',
  'schemas',
  'sql',
  'src',
  'test',
  'tsconfig.json',
];

test('a file at the top is on the agreed list or has its reason in docs/decisions/0001', () => {
  const decision = readFileSync(new URL('docs/decisions/0001-files-at-the-top.md', root), 'utf8');
  const reasons = [...decision.matchAll(/^- (.+?):/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const top = new Set(tracked.map((path) => path.split('/')[0]!));

  expect([...top].filter((name) => !AGREED.includes(name) && !reasons.includes(name))).toEqual([]);
  expect(reasons.filter((name) => !top.has(name!))).toEqual([]);
});

test('decision records are numbered from 0001 without a gap', () => {
  const numbers = tracked
    .filter((path) => path.startsWith('docs/decisions/'))
    .map((path) => Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, at) => at + 1));
});

test.each(tracked.filter((path) => path.endsWith('.md')))('every link in %s to another file leads to one', (path) => {
  const page = new URL(path, root);
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(new URL(link, page)))).toEqual([]);
});
