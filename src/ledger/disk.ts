import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The few things the ledger does to a directory, each one step that a crash can come before or after. Paths are relative
 * to the ledger's directory, `''` is that directory itself.
 */
export interface LedgerDisk {
  /** The whole file; undefined where there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Creates or replaces a file and syncs its content. A crash in between leaves it torn: only ever write temporaries. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Replaces in one step. Durable once the directory is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Makes one directory; it may be there already. Durable once its parent is synced. */
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  /** Removes a directory and all that is in it; it may be gone already. */
  removeDirectory(path: string): Promise<void>;
}

/** A ledger's directory on a real file system. */
export function openDisk(root: string): LedgerDisk {
  const at = (path: string): string => join(root, path);
  return {
    read: (path) => readIfThere(at(path)),
    write: async (path, bytes) => {
      const handle = await open(at(path), 'w', 0o644);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    rename: (from, to) => rename(at(from), at(to)),
    makeDirectory: async (path) => {
      // The ledger's own directory may lie deep; below it, each level is made and synced by itself.
      await mkdir(at(path), { recursive: path === '' }).catch((error: unknown) => {
        if (!hasCode(error, 'EEXIST')) throw error;
      });
    },
    syncDirectory: async (path) => {
      const handle = await open(at(path), 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    removeDirectory: (path) => rm(at(path), { recursive: true, force: true }),
  };
}

/** A directory is named by its path; anything else that behaves like one is itself. */
export const diskOf = (dir: string | LedgerDisk): LedgerDisk => (typeof dir === 'string' ? openDisk(dir) : dir);

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
