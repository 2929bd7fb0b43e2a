import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, OperationalError, silentLog, type Log } from '../base/index.ts';
import type { SnapshotStore } from '../detect/index.ts';

const HEADER = /^keyledger-snapshot 1 (\d{1,16}) ([0-9a-f]{64})\n/;
const HEADER_MAX = 128;

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Snapshots of consumers as files, one per partition, in a directory of their own (created 0700). Written beside, synced,
 * renamed, and the directory synced: a crash leaves the old snapshot or the new one. A file that is not what was
 * written is said in the log and taken for absent, for a consumer can begin anew and a stopped detector sees nothing.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE from both when the disk refuses.
 */
export function openFileSnapshots(directory: string, log: Log = silentLog): SnapshotStore {
  const pathOf = (partition: number): string => join(directory, `${partition}.snapshot`);
  const unusable = (path: string, error: unknown): OperationalError =>
    new OperationalError('DATA_DIRECTORY_UNUSABLE', `${path}: ${messageOf(error)}`, { cause: error });
  return {
    async load(partition) {
      const path = pathOf(partition);
      let file: Buffer;
      try {
        file = await readFile(path);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw unusable(path, error);
      }
      const header = HEADER.exec(file.toString('latin1', 0, HEADER_MAX));
      const bytes = file.subarray(header?.[0].length ?? 0);
      if (header === null || header[2] !== digestOf(bytes)) {
        log.warn('snapshot-damaged', { path });
        return undefined;
      }
      return { bytes, offset: Number(header[1]) };
    },

    async save(partition, bytes, offset) {
      const path = pathOf(partition);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const header = Buffer.from(`keyledger-snapshot 1 ${offset} ${digestOf(bytes)}\n`);
        await write(`${path}.new`, [header, bytes]);
        await rename(`${path}.new`, path);
        await syncDirectory(directory);
      } catch (error) {
        throw unusable(path, error);
      }
    },
  };
}

async function write(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
