import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFileSigner, parseVkey } from '../../../src/ledger/index.ts';
import { ORIGIN } from '../../support/ledger/given.ts';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyledger-signer-'));
  file = join(home, 'keys', 'signing-key');
});
afterEach(() => rm(home, { recursive: true, force: true }));

test('the signing key is made once, for its owner only, and kept', async () => {
  const first = await openFileSigner(file, ORIGIN);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const pem = await readFile(file);
  expect((await openFileSigner(file, ORIGIN)).vkey).toBe(first.vkey);
  expect(await readFile(file)).toEqual(pem);
});

test('what it signs, its verifier key verifies', async () => {
  const signer = await openFileSigner(file, ORIGIN);
  const verifier = parseVkey(signer.vkey);
  const message = Buffer.from('text\n');
  expect(verifier.ok && verifier.value.verify(message, await signer.sign(message))).toBe(true);
});

test('a key that others can read is not used', async () => {
  await openFileSigner(file, ORIGIN);
  await chmod(file, 0o640);
  await expect(openFileSigner(file, ORIGIN)).rejects.toMatchObject({ code: 'LEDGER_KEY_UNUSABLE' });
});

test('a file that is no key is not replaced, and not quoted', async () => {
  await openFileSigner(file, ORIGIN);
  await writeFile(file, 'secret nonsense');
  const refusal = openFileSigner(file, ORIGIN);
  await expect(refusal).rejects.toMatchObject({ code: 'LEDGER_KEY_UNUSABLE' });
  await expect(refusal).rejects.not.toThrow('nonsense');
  expect(await readFile(file, 'utf8')).toBe('secret nonsense');
});
