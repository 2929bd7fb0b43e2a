import { posix } from 'node:path';
import { OperationalError } from '../base/index.ts';
import type { LedgerDisk } from './disk.ts';

export interface LedgerFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** How many files are written at once: enough to keep a disk busy while others wait for their sync. */
const WRITERS = 8;

/**
 * Writes files so that a crash at any step leaves each of them absent, old or new, never torn: write a temporary, sync it,
 * rename it, sync the directory. When a call resolves, everything in it is durable.
 */
export class DurableWriter {
  readonly #disk: LedgerDisk;
  /** Directories known to exist and to be durable. */
  readonly #known = new Set<string>();

  constructor(disk: LedgerDisk) {
    this.#disk = disk;
  }

  /** Writes files that are never different: one that is there already must have the same bytes. */
  async writeImmutable(files: readonly LedgerFile[]): Promise<void> {
    await this.#write(files, async ({ path, bytes }) => {
      const present = await this.#disk.read(path);
      if (present === undefined) return true;
      if (present.equals(bytes)) return false;
      throw new OperationalError('LEDGER_INCONSISTENT', `${path} is already there with other content`);
    });
  }

  /** Replaces a file. */
  async replace(path: string, text: string): Promise<void> {
    await this.#write([{ path, bytes: Buffer.from(text, 'utf8') }], () => Promise.resolve(true));
  }

  /** A directory was removed, so its next use must make it again. */
  forget(directory: string): void {
    this.#known.delete(directory);
  }

  async #write(files: readonly LedgerFile[], wanted: (file: LedgerFile) => Promise<boolean>): Promise<void> {
    const directories = new Set(files.map(({ path }) => parentOf(path)));
    for (const directory of directories) await this.#ensure(directory);
    await inParallel(files, async (file) => {
      if (!(await wanted(file))) return;
      await this.#disk.write(`${file.path}.tmp`, file.bytes);
      await this.#disk.rename(`${file.path}.tmp`, file.path);
    });
    await inParallel([...directories], (directory) => this.#disk.syncDirectory(directory));
  }

  async #ensure(directory: string): Promise<void> {
    if (this.#known.has(directory)) return;
    await (directory === '' ? this.#disk.makeDirectory('') : this.#ensure(parentOf(directory)));
    if (directory !== '') {
      await this.#disk.makeDirectory(directory);
      // Also when it was there: whoever made it may have died before this line.
      await this.#disk.syncDirectory(parentOf(directory));
    }
    this.#known.add(directory);
  }
}

const parentOf = (path: string): string => {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
};

/** Runs the work a few at a time; on a failure waits for what has begun, so that nothing is still writing afterwards. */
async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(WRITERS, items.length) }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
