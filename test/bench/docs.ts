import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Machine } from './machine.ts';
import { markdownOf, tablesOf, type Figures } from './report.ts';

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);
const BEGIN = '<!-- figures: npm run bench -- --write-docs -->';
const END = '<!-- end of figures -->';

/** Replaces what stands between the two marks of docs/benchmarks.md. */
export async function writeDocs(figures: Figures): Promise<void> {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/benchmarks.md has lost the marks ${BEGIN} and ${END}`);
  const tables = tablesOf(figures).map(markdownOf).join('\n\n');
  const text = `${BEGIN}\n\n${describe(figures.machine, figures)}\n\n${tables}\n\n`;
  const settings = await resolveConfig(fileURLToPath(PAGE));
  writeFileSync(PAGE, await format(page.slice(0, begin) + text + page.slice(end), { ...settings, parser: 'markdown' }));
}

function describe(machine: Machine, { options }: Figures): string {
  const { cpu, cores, memoryGib, system, node, syncUs, inMemory, load, commit, at } = machine;
  const disk = inMemory
    ? 'a file system in memory, so that syncing costs nothing: not comparable'
    : `4 KiB written and synced in ${syncUs} µs (median)`;
  return [
    `- Machine: ${cpu}, ${cores} cores, ${memoryGib} GiB; ${system}; Node ${node}.`,
    `- Disk: ${disk}.`,
    `- Load average before: ${load.toFixed(2)}. Commit ${commit}, ${at.slice(0, 10)}.`,
    `- ${options.seconds} s for each API measurement, median of ${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'}; ${options.events.toLocaleString('en-US')} events through each stage.`,
  ].join('\n');
}
