import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { OperationalError } from '../base/index.ts';

const Holder = z.object({ pid: z.int().min(1), started: z.string() });

/** When a process started, in kernel ticks since boot: tells a process from a later one with the same number. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isRunning(pid: number, started: string): boolean {
  const ticks = startTicks(pid);
  if (ticks !== undefined) return ticks === started;
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Claims a data directory for this process tree. A claim left by a process that no longer runs is taken over.
 *
 * @returns a function that gives the claim back.
 * @throws OperationalError DATA_DIRECTORY_IN_USE
 */
export function claimInstance(path: string, directory: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, started: startTicks(process.pid) ?? '' });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new OperationalError(
          'DATA_DIRECTORY_UNUSABLE',
          `${directory} cannot be written; give the service user access to it, or set KEYLEDGER_DATA.`,
          { cause },
        );
    }
    const holder = readHolder(path);
    if (holder !== undefined && isRunning(holder.pid, holder.started))
      throw new OperationalError(
        'DATA_DIRECTORY_IN_USE',
        `Keyledger already runs on ${directory} (process ${holder.pid}). Stop it, or choose another KEYLEDGER_DATA.`,
      );
    rmSync(path, { force: true });
  }
  throw new OperationalError(
    'DATA_DIRECTORY_IN_USE',
    `Another Keyledger is just starting on ${directory}. Stop it, or choose another KEYLEDGER_DATA.`,
  );
}

function readHolder(path: string): z.infer<typeof Holder> | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
