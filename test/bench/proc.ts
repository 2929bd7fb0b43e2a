import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ, which Linux has fixed at 100 for everything it tells in /proc. */
const TICKS_PER_SECOND = 100;
const BUSY_FIELDS = [0, 1, 2, 5, 6, 7];

interface Stat {
  readonly parent: number;
  readonly cpuSeconds: number;
}

function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12].reduce((sum, at) => sum + (fields[at] ?? 0), 0);
    return { parent: fields[1] ?? 0, cpuSeconds: ticks / TICKS_PER_SECOND };
  } catch {
    return undefined;
  }
}

/** User and system time of a process so far; 0 for one that has gone. */
export const cpuSecondsOf = (pid: number): number => stat(pid)?.cpuSeconds ?? 0;

/** A process and all that descend from it. */
export function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? stat(pid)?.parent : undefined;
    if (parent !== undefined) parents.set(pid, parent);
  }
  const belongs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  return [...parents.keys()].filter(belongs);
}

export const treeCpuSeconds = (root: number): number => treeOf(root).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);

export interface Memory {
  readonly rssMib: number;
  /** Of it what is the process's own. The rest are pages of files, LMDB's map above all, which the kernel takes back at will. */
  readonly ownMib: number;
  readonly peakMib: number;
}

export function memoryOf(pid: number): Memory {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // Gone: nothing is what it uses.
  }
  const mib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rssMib: mib('VmRSS'), ownMib: mib('RssAnon'), peakMib: mib('VmHWM') };
}

/** CPU seconds that the whole machine has spent on anything. */
export function machineBusySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const fields = line.trim().split(/\s+/).slice(1).map(Number);
  return BUSY_FIELDS.reduce((sum, at) => sum + (fields[at] ?? 0), 0) / TICKS_PER_SECOND;
}
