import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openRootKeyFile } from '../../../src/kms/crypto/index.ts';

const MODULE = new URL('../../../src/kms/crypto/index.ts', import.meta.url).href;

test('a crash while the root key file was being made leaves nothing that stops the next start', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'keyledger-root-')), 'root-key');
  // The process dies at each of its first system calls on files in turn; what it leaves must never be half a key.
  const script = `
    const { openRootKeyFile } = await import(${JSON.stringify(MODULE)});
    const fs = (await import('node:fs')).default;
    const { syncBuiltinESMExports } = await import('node:module');
    let calls = 0;
    for (const name of ['openSync', 'writeSync', 'fsyncSync', 'linkSync', 'renameSync', 'closeSync', 'unlinkSync', 'rmSync']) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (calls++ === Number(process.env.DIE_AT)) process.kill(process.pid, 'SIGKILL');
        return real(...args);
      };
    }
    syncBuiltinESMExports();
    openRootKeyFile(${JSON.stringify(path)}, true);
    process.stdout.write('made');
  `;
  let made = false;
  for (let at = 0; !made; at += 1) {
    expect(at).toBeLessThan(20);
    try {
      const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        env: { ...process.env, DIE_AT: String(at) },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      made = out.toString() === 'made';
    } catch {
      // Killed, as intended.
    }
    expect(openRootKeyFile(path, true).symmetricKeySize).toBe(32);
    rmSync(path);
  }
  rmSync(dirname(path), { recursive: true });
});
