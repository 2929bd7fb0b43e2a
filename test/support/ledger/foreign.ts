import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = fileURLToPath(new URL('../go', import.meta.url));

export interface Foreign {
  /** What the program printed, or why it refused. */
  (...args: string[]): Promise<{ readonly accepted: boolean; readonly said: string }>;
}

/** Builds the verifier that is not ours, from the Go module proxy. Without Go this fails: it is never skipped. */
export async function buildForeign(directory: string): Promise<Foreign> {
  try {
    execFileSync('go', ['version']);
  } catch {
    throw new Error('Foreign verification needs Go 1.26 or newer on the PATH, and the Go module proxy: install Go.');
  }
  const program = join(directory, 'foreign');
  const env = { ...process.env, GOFLAGS: '-mod=readonly -trimpath -buildvcs=false' };
  await run('go', ['build', '-o', program, '.'], { cwd: sources, env });
  return async (...args) => {
    try {
      return { accepted: true, said: (await run(program, args)).stdout.trim() };
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
      return { accepted: false, said };
    }
  };
}
