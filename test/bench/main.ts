import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureApi } from './api.ts';
import { measureDelay } from './delay.ts';
import { writeDocs } from './docs.ts';
import { describeMachine } from './machine.ts';
import { USAGE, parseOptions, type BenchOptions, type Part } from './options.ts';
import { measureProfile } from './profile.ts';
import { tablesOf, textOf, type Figures } from './report.ts';
import { measureStages } from './stages/stages.ts';
import { measureStart } from './start.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const talk = (line: string): void => void process.stderr.write(`${line}\n`);

/** What users run is what is measured: the build, not the sources. */
function buildOf({ build }: BenchOptions): string {
  if (build !== undefined) return resolve(build);
  talk('building');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  return resolve(ROOT, 'dist');
}

async function measure(options: BenchOptions): Promise<Figures> {
  const build = buildOf(options);
  const machine = describeMachine(options.dir);
  if (machine.inMemory) talk('warning: the data directories are in memory, so that syncing costs nothing; use --dir');
  if (machine.load > 0.5) talk(`warning: the machine is busy (load ${machine.load.toFixed(2)}); see "other cores"`);
  const wants = (part: Part): boolean => options.parts.includes(part);
  const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en-US')}/s`;
  return {
    machine,
    options,
    ...(wants('api')
      ? {
          api: await measureApi(options, build, ({ roles, operation, clients, perSecond: ops }) =>
            talk(`${roles} ${operation} ${clients}: ${perSecond(ops)}`),
          ),
        }
      : {}),
    ...(wants('delay') ? { delay: await measureDelay(options, build) } : {}),
    ...(wants('stages')
      ? { stages: await measureStages(options, ({ stage, perSecond: ops }) => talk(`${stage}: ${perSecond(ops)}`)) }
      : {}),
    ...(wants('start') ? { start: await measureStart(options, build) } : {}),
    ...(wants('profile') ? { profile: await measureProfile(options, build) } : {}),
  };
}

const options = parseOptions(process.argv.slice(2));
if (process.argv.includes('--help') || typeof options === 'string') {
  talk(typeof options === 'string' && !process.argv.includes('--help') ? `${options}\n\n${USAGE}` : USAGE);
  process.exitCode = process.argv.includes('--help') ? 0 : 2;
} else {
  const figures = await measure(options);
  process.stdout.write(`\n${tablesOf(figures).map(textOf).join('\n')}`);
  mkdirSync(`${ROOT}bench-results`, { recursive: true });
  const file = `${ROOT}bench-results/${figures.machine.at.replace(/[:.]/g, '-')}.json`;
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
  talk(`\nwritten to ${file}`);
  if (options.writeDocs) await writeDocs(figures);
}
