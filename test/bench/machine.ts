import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** Median of 200 times 4 KiB written and synced where the data directories are made, in microseconds. */
  readonly syncUs: number;
  /** A file system in memory answers a sync without a disk: figures from one say little. */
  readonly inMemory: boolean;
  /** Over the last minute, before anything was measured. */
  readonly load: number;
  readonly commit: string;
  readonly at: string;
}

const TMPFS_MAGIC = 0x01021994;
const SYNCS = 200;

export function describeMachine(dir: string = tmpdir()): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${distribution()}, kernel ${release().split('.').slice(0, 2).join('.')}`,
    node: process.version,
    syncUs: Math.round(medianSyncUs(dir)),
    inMemory: statfsSync(dir).type === TMPFS_MAGIC,
    load: loadavg()[0] ?? 0,
    commit: commit(),
    at: new Date().toISOString(),
  };
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

function commit(): string {
  try {
    const git = (...words: string[]): string => execFileSync('git', words, { encoding: 'utf8', stdio: 'pipe' }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}

function medianSyncUs(dir: string): number {
  const path = join(dir, `keyledger-bench-sync-${process.pid}`);
  const fd = openSync(path, 'w', 0o600);
  try {
    const block = Buffer.alloc(4096, 1);
    const took = Array.from({ length: SYNCS }, (_, at) => {
      const start = performance.now();
      writeSync(fd, block, 0, block.length, at * block.length);
      fdatasyncSync(fd);
      return (performance.now() - start) * 1000;
    });
    return took.sort((a, b) => a - b)[SYNCS / 2] ?? 0;
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}
