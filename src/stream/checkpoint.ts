import { constants } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationalError, messageOf } from '../base/index.ts';

/** A position that survives a crash: what `load` gives is something a `save` was called with, never older than the last to resolve. */
export interface Checkpoint {
  /** 0 where nothing was saved yet. */
  load(): Promise<number>;
  save(seq: number): Promise<void>;
}

/**
 * A checkpoint in a file of one decimal number. Written beside, synced, renamed, and the directory synced: a crash leaves the
 * old number or the new one. Not for two writers.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE from both, also where the file holds anything but a number.
 */
export function openFileCheckpoint(path: string): Checkpoint {
  const unusable = (error: unknown): OperationalError =>
    new OperationalError('DATA_DIRECTORY_UNUSABLE', `${path}: ${messageOf(error)}`, { cause: error });
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
        throw unusable(error);
      }
      const seq = /^\d{1,16}\n$/.test(text) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(seq))
        throw unusable('not a position; restore it, or delete it to publish everything again');
      return seq;
    },
    async save(seq) {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeDurably(path, `${seq}\n`);
      } catch (error) {
        throw unusable(error);
      }
    },
  };
}

async function writeDurably(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
