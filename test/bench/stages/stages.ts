import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../options.ts';
import { makeWorkspace } from '../service.ts';
import type { StageRow } from './measure.ts';

/** Every stage, one after the other, in one process that does nothing else. */
export async function measureStages(
  { dir, events, kafka }: BenchOptions,
  say: (row: StageRow) => void,
): Promise<readonly StageRow[]> {
  const workspace = makeWorkspace(dir);
  const rows: StageRow[] = [];
  try {
    const words = [workspace.path, String(events), ...(kafka ? ['kafka'] : [])];
    const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), words, { stdio: 'inherit' });
    child.on('message', (row: StageRow) => {
      rows.push(row);
      say(row);
    });
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error('The process that measures the stages failed');
    return rows;
  } finally {
    workspace.remove();
  }
}
