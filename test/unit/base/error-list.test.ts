import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../../../src/app/exit-codes.ts';
import { ERROR_CODES, type ErrorCode } from '../../../src/base/index.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md lists every error code with the words of the source, and no other', () => {
  const items = [...page.matchAll(/^- `([A-Z_]+)`: (.+)$/gm)].map(([, code, words]) => [code, words]);
  expect(Object.fromEntries(items)).toEqual(ERROR_CODES);
  expect(items.length, 'no code is listed twice').toBe(Object.keys(ERROR_CODES).length);
});

test('docs/errors.md lists every exit code, and the errors that lead to it', () => {
  const items = [...page.matchAll(/^- `(\d+)` \(`(\w+)`\): (.+)$/gm)].map(([, code, name, words]) => ({
    code: Number(code),
    name,
    words: words!,
  }));
  expect(Object.fromEntries(items.map(({ code, name }) => [name, code]))).toEqual(EXIT);

  for (const error of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const listed = items.filter(({ words }) => words.includes(`\`${error}\``)).map(({ code }) => code);
    expect([error, listed]).toEqual([error, exitCodeOf(error) === EXIT.failure ? [] : [exitCodeOf(error)]]);
  }
});
