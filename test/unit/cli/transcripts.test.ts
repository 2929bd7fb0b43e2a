import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOperator, openSre, parseConfig, serve } from '../../../src/app/index.ts';
import { run } from '../../../src/cli/run.ts';
import { silentLog } from '../../../src/base/index.ts';
import { memorySink } from './memory-sink.ts';
import { matched, parseTranscript } from './transcript.ts';

const DIRECTORY = new URL('../../transcripts/cli/', import.meta.url);

/** Nobody listens here: the discard service has its port to itself. */
const NOBODY = '9';

let directory: string;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyledger-cli-'));
  environment = {
    KEYLEDGER_DATA: join(directory, 'data'),
    KEYLEDGER_CONSOLE_PORT: NOBODY,
    KEYLEDGER_LOG_LEVEL: 'error',
  };
  // As after a first start: the data is there, and nothing runs.
  await (await openOperator(parseConfig(environment), silentLog)).close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function play(words: readonly string[], settings: Readonly<Record<string, string>>): Promise<string[]> {
  const lines: string[] = [];
  const code = await run(words, {
    stdout: memorySink(false, (line) => lines.push(line)),
    stderr: memorySink(false, (line) => lines.push(`! ${line}`)),
    environment: { ...environment, ...settings },
    invocation: 'keyledger',
    doors: {
      serve,
      openOperator: (config) => openOperator(config, silentLog),
      openSre: (config) => Promise.resolve(openSre(config)),
    },
    onSignal: () => undefined,
  });
  return code === 0 ? lines : [...lines, `[exit ${code}]`];
}

for (const file of readdirSync(DIRECTORY).sort()) {
  const { title, steps } = parseTranscript(readFileSync(new URL(file, DIRECTORY), 'utf8'));
  describe(title, () => {
    test.each(steps.map((step) => [step.typed, step] as const))(
      '$ %s',
      async (_typed, { words, environment: settings, expected }) => {
        const actual = await play(words, settings);
        expect(matched(actual, expected)).toEqual(expected);
      },
    );
  });
}
