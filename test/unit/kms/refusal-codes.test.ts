import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusalResponse, type Refusal } from '../../../src/kms/api/index.ts';

const KMS = join(import.meta.dirname, '..', '..', '..', 'src', 'kms');

/** Every code that a source of the write side gives, where it gives one by name. */
function codesOf(file: string): string[] {
  const source = readFileSync(join(KMS, file), 'utf8');
  return [...source.matchAll(/\brefus(?:al|e)\(\s*'(\w+)'/g)].map(([, code]) => code ?? '');
}

test('every refusal that an operation gives is one that the wire has a status for', () => {
  const files = readdirSync(KMS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const codes = new Set(files.flatMap(codesOf));
  expect(codes.size).toBeGreaterThan(20);
  const unknown = [...codes].filter((code) => {
    try {
      return refusalResponse({ code } as Refusal).status < 400;
    } catch {
      return true;
    }
  });
  expect(unknown).toEqual([]);
});
