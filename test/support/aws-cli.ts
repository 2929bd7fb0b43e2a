import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSION = '1.45.11';
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', `keyledger-awscli-${VERSION}`);

/**
 * The path of an AWS CLI: the one on PATH, or one installed from PyPI into a cache of this checkout.
 *
 * @throws Error in one sentence where there is neither: these tests are not skipped.
 */
export async function findAwsCli(): Promise<string> {
  const installed = join(CACHE, 'bin', 'aws');
  if (existsSync(installed)) return installed;
  if (await answers('aws')) return 'aws';
  try {
    await run('python3', ['-m', 'venv', CACHE]);
    await run(join(CACHE, 'bin', 'pip'), ['install', '--quiet', `awscli==${VERSION}`]);
    return installed;
  } catch (cause) {
    throw new Error('The AWS CLI is needed: install it (PyPI: awscli), or python3 with venv so that the tests can.', {
      cause,
    });
  }
}

const answers = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  );
