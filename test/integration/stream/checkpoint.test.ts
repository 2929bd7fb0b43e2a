import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFileCheckpoint } from '../../../src/stream/index.ts';

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'keyledger-checkpoint-'));
});
afterEach(() => rm(path, { recursive: true }));

test('begins at nothing, makes its directory, and gives back what was saved last', async () => {
  const file = join(path, 'relay', 'position');
  expect(await openFileCheckpoint(file).load()).toBe(0);
  const checkpoint = openFileCheckpoint(file);
  for (const seq of [1, 2, 9_007_199_254_740_991]) await checkpoint.save(seq);
  expect(await openFileCheckpoint(file).load()).toBe(9_007_199_254_740_991);
  expect(await readdir(join(path, 'relay'))).toEqual(['position']);
});

test('what a crash left beside the file does not matter', async () => {
  const checkpoint = openFileCheckpoint(join(path, 'position'));
  await checkpoint.save(7);
  await writeFile(join(path, 'position.new'), '99');
  expect(await checkpoint.load()).toBe(7);
  await checkpoint.save(8);
  expect(await checkpoint.load()).toBe(8);
});

test('a file that holds no position is an error, never a new beginning', async () => {
  const file = join(path, 'position');
  for (const text of ['', '7', '-1\n', '7 \n', 'seven\n', '99999999999999999999\n', '9999999999999999\n']) {
    await writeFile(file, text);
    await expect(openFileCheckpoint(file).load()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  }
});

test('a place that cannot be written is named', async () => {
  await writeFile(join(path, 'file'), '');
  const checkpoint = openFileCheckpoint(join(path, 'file', 'position'));
  await expect(checkpoint.save(1)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  await expect(checkpoint.load()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
});
