import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/built.ts';
import { eventually } from '../support/eventually.ts';
import { endServices, launch, settingsFor, type Environment, type Launched } from '../support/service.ts';

/** The blocks of the README that a person is told to paste, in order. */
const blocks = [
  ...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```sh\n# quickstart\n([\s\S]*?)^```$/gm),
].map(([, commands = '']) => commands);

let environment: Environment;
let service: Launched;

const paste = (commands: string): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-eu', '-o', 'pipefail', '-c', commands], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    shell.stdout.on('data', (text: Buffer) => void (output += text.toString()));
    shell.stderr.on('data', (text: Buffer) => void (output += text.toString()));
    shell.on('error', reject);
    shell.on('close', (code) => resolve({ code, output }));
  });

beforeAll(async () => {
  environment = await settingsFor();
  // `npm ci` has run, or this test would not: what is left of the first block is the rest of its line.
  const start = blocks[0]?.trim().replace(/^npm ci && /, '') ?? '';
  expect(start).toBe('npm start');
  service = launch(['npm', 'start'].slice(1), environment, 'npm');
  await eventually('npm start says that it is ready', () => service.stdout().includes('is ready'), 120_000);
});
afterAll(endServices);

test('the README has a quick start of a start and something to see', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(3);
});

test('every block after the first works as it is written, and shows an alert and the rows', async () => {
  let said = '';
  for (const commands of blocks.slice(1)) {
    const { code, output } = await paste(commands);
    expect(`${String(code)} ${output}`).toMatch(/^0 /);
    said += output;
  }
  expect(said).toContain('ALERT');
  expect(said).toContain('KL-06');
  expect(said).toMatch(/refused/);
});

test('Ctrl-C ends it with nothing said to be wrong', async () => {
  // As a terminal does: to npm and to what it runs.
  process.kill(-service.pid, 'SIGINT');
  const { stderr } = await service.ended;
  expect(stderr).not.toMatch(/"level":(50|60)/);
});
