import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OperationalError } from '../../../../src/base/index.ts';
import { openRootKeyFile } from '../../../../src/kms/crypto/index.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyledger-root-'));
  path = join(directory, 'root.key');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const refusal = (act: () => unknown): string => {
  try {
    act();
    return 'nothing thrown';
  } catch (thrown) {
    return thrown instanceof OperationalError ? `${thrown.code} ${thrown.message}` : String(thrown);
  }
};

test('a new file holds 32 random bytes that only its owner can read, and nothing is left beside it', () => {
  const key = openRootKeyFile(path, true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path)).toEqual(key.export());
  expect(key.symmetricKeySize).toBe(32);
  expect(readdirSync(directory)).toEqual(['root.key']);
  expect(openRootKeyFile(join(directory, 'other.key'), true).export()).not.toEqual(key.export());
});

test('the next start finds the same key, whether or not it may make one', () => {
  const key = openRootKeyFile(path, true).export();
  expect(openRootKeyFile(path, false).export()).toEqual(key);
  expect(openRootKeyFile(path, true).export()).toEqual(key);
});

test('a missing file is not replaced where something was sealed with it', () => {
  expect(refusal(() => openRootKeyFile(path, false))).toContain('ROOT_KEY_UNUSABLE');
  expect(readdirSync(directory)).toEqual([]);
});

test('a file that others can read is refused, with the command that mends it', () => {
  openRootKeyFile(path, true);
  for (const mode of [0o640, 0o604, 0o620, 0o601, 0o666]) {
    chmodSync(path, mode);
    expect(refusal(() => openRootKeyFile(path, false))).toContain(`chmod 600 ${path}`);
  }
});

test('a file of the wrong length, empty or torn, is refused and left alone', () => {
  for (const length of [0, 1, 31, 33, 64]) {
    writeFileSync(path, Buffer.alloc(length), { mode: 0o600 });
    expect(refusal(() => openRootKeyFile(path, false))).toContain('is not 32 bytes');
    expect(statSync(path).size).toBe(length);
    rmSync(path);
  }
});

test('a link, a directory or a pipe in its place is refused, not followed and not waited for', () => {
  writeFileSync(join(directory, 'elsewhere'), Buffer.alloc(32), { mode: 0o600 });
  symlinkSync(join(directory, 'elsewhere'), path);
  expect(refusal(() => openRootKeyFile(path, false))).toContain('ROOT_KEY_UNUSABLE');
  expect(refusal(() => openRootKeyFile(path, true))).toContain('ROOT_KEY_UNUSABLE');
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
  expect(refusal(() => openRootKeyFile(path, false))).toContain('ROOT_KEY_UNUSABLE');
  rmSync(path, { recursive: true });
  execFileSync('mkfifo', ['-m', '600', path]);
  expect(refusal(() => openRootKeyFile(path, false))).toContain('ROOT_KEY_UNUSABLE');
});

test('a directory that is not there, or may not be written, is named', () => {
  expect(refusal(() => openRootKeyFile(join(directory, 'none', 'root.key'), true))).toContain('cannot be created');
});
