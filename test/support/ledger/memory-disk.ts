import { posix } from 'node:path';
import type { LedgerDisk } from '../../../src/ledger/index.ts';

/** Thrown by a disk that was told to die at a step; after that every step throws. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

interface Inode {
  bytes: Buffer;
  /** False while a crash of the machine may leave anything of it. */
  synced: boolean;
}

const parentOf = (path: string): string => (posix.dirname(path) === '.' ? '' : posix.dirname(path));

/**
 * A file system in memory that keeps apart what programs see from what a power cut leaves: content is safe once synced, a
 * name once its directory is synced. It can be told to die before any step.
 */
export class MemoryDisk implements LedgerDisk {
  /** What programs see. */
  #names: Map<string, Inode>;
  #directories: Set<string>;
  /** What a power cut leaves for sure. */
  readonly #safeNames: Map<string, Inode>;
  readonly #safeDirectories: Set<string>;
  #steps = 0;
  #dieAt = Infinity;

  constructor(files: ReadonlyMap<string, Buffer> = new Map(), directories: Iterable<string> = ['']) {
    const inodes = [...files].map(([path, bytes]) => [path, { bytes: Buffer.from(bytes), synced: true }] as const);
    this.#names = new Map(inodes);
    this.#directories = new Set(directories);
    this.#safeNames = new Map(inodes);
    this.#safeDirectories = new Set(this.#directories);
  }

  /** How many steps were taken that change anything. */
  get steps(): number {
    return this.#steps;
  }

  dieAtStep(step: number): this {
    this.#dieAt = step;
    return this;
  }

  paths(): string[] {
    return [...this.#names.keys()].filter((path) => !path.endsWith('.tmp')).sort();
  }

  /** Changes a file behind the ledger's back; undefined removes it. */
  tamper(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
    const changed = change(Buffer.from(this.#names.get(path)?.bytes ?? ''));
    if (changed === undefined) this.#names.delete(path);
    else this.#names.set(path, { bytes: changed, synced: true });
  }

  /** The disk as the next process finds it when only this process died. */
  afterKill(): MemoryDisk {
    const files = new Map([...this.#names].map(([path, { bytes }]) => [path, bytes]));
    return new MemoryDisk(files, this.#directories);
  }

  /** The disk after a power cut; `survives` says for each thing that was not yet safe whether it happened to be written. */
  afterPowerCut(survives: () => boolean): MemoryDisk {
    const directories = new Set([...this.#directories].filter((path) => this.#safeDirectories.has(path) || survives()));
    const reachable = (path: string): boolean => {
      const parent = parentOf(path);
      return directories.has(parent) && (parent === '' || reachable(parent));
    };
    const files = new Map<string, Buffer>();
    for (const path of new Set([...this.#names.keys(), ...this.#safeNames.keys()])) {
      const seen = this.#names.get(path);
      const safe = this.#safeNames.get(path);
      const inode = seen === safe || survives() ? seen : safe;
      if (inode === undefined || !reachable(path)) continue;
      const torn = inode.bytes.subarray(0, Math.floor(inode.bytes.length / 2));
      files.set(path, inode.synced || survives() ? inode.bytes : torn);
    }
    return new MemoryDisk(
      files,
      [...directories].filter((path) => path === '' || reachable(path)),
    );
  }

  read(path: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.#names.get(path)?.bytes);
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#step(() => {
      if (!this.#directories.has(parentOf(path))) throw new Error(`ENOENT: ${path}`);
      const inode = { bytes: Buffer.alloc(0), synced: false };
      this.#names.set(path, inode);
      // Three places to die: an empty file, a half one, a whole one that is not yet synced.
      return [
        () => (inode.bytes = Buffer.from(bytes.subarray(0, bytes.length / 2))),
        () => (inode.bytes = Buffer.from(bytes)),
        () => (inode.synced = true),
      ];
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const inode = this.#names.get(from);
      if (inode === undefined) throw new Error(`ENOENT: ${from}`);
      this.#names.set(to, inode);
      this.#names.delete(from);
      return undefined;
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#step(() => {
      if (path !== '' && !this.#directories.has(parentOf(path))) throw new Error(`ENOENT: ${path}`);
      this.#directories.add(path);
      return undefined;
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#step(() => {
      if (!this.#directories.has(path)) throw new Error(`ENOENT: ${path}`);
      for (const directory of this.#directories) if (parentOf(directory) === path) this.#safeDirectories.add(directory);
      for (const name of this.#safeNames.keys()) {
        if (parentOf(name) === path && !this.#names.has(name)) this.#safeNames.delete(name);
      }
      for (const [name, inode] of this.#names) if (parentOf(name) === path) this.#safeNames.set(name, inode);
      return undefined;
    });
  }

  removeDirectory(path: string): Promise<void> {
    return this.#step(() => {
      const inside = (name: string): boolean => name.startsWith(`${path}/`);
      this.#names = new Map([...this.#names].filter(([name]) => !inside(name)));
      this.#directories = new Set([...this.#directories].filter((name) => name !== path && !inside(name)));
      return undefined;
    });
  }

  /** Counts a step, and dies before it when it was told to; so do the further stages of a step. */
  #step(act: () => readonly (() => unknown)[] | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#tick();
      for (const stage of act() ?? []) {
        this.#tick();
        stage();
      }
      resolve();
    });
  }

  #tick(): void {
    if (this.#steps >= this.#dieAt) throw new Crash(`died at step ${this.#steps}`);
    this.#steps += 1;
  }
}
