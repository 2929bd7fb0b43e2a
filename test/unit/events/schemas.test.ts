import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemaFiles } from '../../../src/events/schema-files.ts';

const directory = new URL('../../../schemas/', import.meta.url);
const generated = [...schemaFiles()];

test.each(generated)('schemas/%s is what `npm run schemas` writes', (name, text) => {
  expect(readFileSync(new URL(name, directory), 'utf8')).toBe(text);
});

test('schemas/ holds nothing else', () => {
  expect(readdirSync(directory).toSorted()).toEqual(generated.map(([name]) => name).toSorted());
});

test('the schemas are as strict as the parsers: an object allows no further members, unless callers choose the names', () => {
  const open: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (value === null || typeof value !== 'object') return;
    if ('properties' in value && (value as { additionalProperties?: unknown }).additionalProperties !== false)
      open.push(path);
    for (const [name, inner] of Object.entries(value)) visit(inner, `${path}/${name}`);
  };
  for (const [name, text] of generated) visit(JSON.parse(text), name);
  expect(open).toEqual([]);
});
