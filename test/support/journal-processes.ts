import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./journal-child.ts', import.meta.url));

/** What one call of a child was told. */
export interface Answered {
  readonly seq: number;
  readonly requestId: string;
  readonly count: number;
}

export interface Writer {
  readonly child: ChildProcess;
  readonly answered: Answered[];
  readonly lines: string[];
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface WriterOptions {
  readonly path: string;
  readonly name: string;
  readonly calls: number;
  readonly atOnce: number;
  /** Arguments of strace, to run it under. */
  readonly strace?: readonly string[];
}

/** Starts a process that writes a journal, under strace where asked. */
export function startWriter({ path, name, calls, atOnce, strace }: WriterOptions): Writer {
  const node = [process.execPath, '--import', 'tsx', CHILD, path, name, String(calls), String(atOnce)];
  const [command = '', ...rest] = strace === undefined ? node : ['strace', ...strace, ...node];
  // strace counts the calls of each thread for itself: one thread of the pool, one count.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const answered: Answered[] = [];
  const lines: string[] = [];
  let partial = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      const [seq, requestId = '', count] = line.split(' ');
      if (/^\d+$/.test(seq ?? '')) answered.push({ seq: Number(seq), requestId, count: Number(count) });
    }
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  return { child, answered, lines, ended };
}

/** Arguments that make a system call fail or end the process, at its nth time. */
export const injecting = (what: string): readonly string[] => {
  if (spawnSync('strace', ['-V']).status !== 0)
    throw new Error('These tests make a disk fail with strace, which is not installed: apt-get install strace');
  return ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,pwrite64', '-e', `inject=${what}`];
};
