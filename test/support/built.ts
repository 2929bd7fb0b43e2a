import { execFile } from 'node:child_process';
import { statSync, utimesSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

export const ROOT = join(import.meta.dirname, '..', '..');

const STAMP = join(ROOT, 'dist', '.tsbuildinfo');
const LOCK = join(ROOT, 'node_modules', '.cache', 'keyledger-build.lock');
const BUILD_WITHIN_MS = 120_000;

let built: Promise<void> | undefined;

/** Builds `dist` where a source is younger than it; once, whoever asks, in however many workers. `npm test` has built before. */
export function ensureBuilt(): Promise<void> {
  built ??= build();
  return built;
}

async function build(): Promise<void> {
  if (!(await isStale())) return;
  await mkdir(join(LOCK, '..'), { recursive: true });
  await eventually(
    `nobody else builds (if nobody does, remove ${LOCK})`,
    () =>
      mkdir(LOCK).then(
        () => true,
        () => false,
      ),
    BUILD_WITHIN_MS,
  );
  try {
    if (!(await isStale())) return;
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: ROOT });
    // An incremental build that finds nothing to do leaves the file as it was.
    utimesSync(STAMP, new Date(), new Date());
  } finally {
    await rmdir(LOCK);
  }
}

async function isStale(): Promise<boolean> {
  const builtMs = modifiedMs(STAMP);
  const sources = await readdir(join(ROOT, 'src'), { recursive: true });
  return sources.some((name) => modifiedMs(join(ROOT, 'src', name)) > builtMs);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
