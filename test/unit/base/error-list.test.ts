import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../../src/base/index.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md lists every error code with the words of the source, and no other', () => {
  const items = [...page.matchAll(/^- `([A-Z_]+)`: (.+)$/gm)].map(([, code, words]) => [code, words]);
  expect(Object.fromEntries(items)).toEqual(ERROR_CODES);
  expect(items.length, 'no code is listed twice').toBe(Object.keys(ERROR_CODES).length);
});
