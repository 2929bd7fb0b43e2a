import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openCheckpoint, openFileSigner, parseVkey, verifyLog } from '../../../src/ledger/index.ts';
import { entries, ORIGIN } from '../../support/ledger/given.ts';
import { leafHash } from '../../../src/ledger/hash.ts';
import { rootOf } from '../../../src/ledger/merkle.ts';

const program = fileURLToPath(new URL('../../support/ledger/integrate.ts', import.meta.url));
const ROUNDS = 12;

/** Runs the integrator until some time after its first word, then kills it; the last size it claimed. */
function runAndKill(dir: string, keyFile: string, afterMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, dir, keyFile]);
    let said = '';
    let wrong = '';
    child.stdout.on('data', (data: Buffer) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
      said += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => (wrong += data.toString()));
    child.on('exit', (_, signal) => {
      const claimed = said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1);
      if (signal === 'SIGKILL') resolve(Number(claimed));
      else reject(new Error(`${said} ${wrong}`));
    });
  });
}

test('an integrator killed at any moment goes on with the same log, and every checkpoint it showed stays true', async () => {
  const home = await mkdtemp(join(tmpdir(), 'keyledger-kill-'));
  const [dir, keyFile] = [join(home, 'log'), join(home, 'signing-key')];
  const shown = new Map<number, string>();
  let largest = 0;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      // Moments that do not fall into step with the work.
      const claimed = await runAndKill(dir, keyFile, (round * 37) % 101);
      const signer = await openFileSigner(keyFile, ORIGIN);
      const verifier = parseVkey(signer.vkey);
      const note = await readFile(join(dir, 'checkpoint'), 'utf8');
      const opened = verifier.ok ? openCheckpoint(note, verifier.value) : verifier;
      if (!opened.ok) throw new Error(opened.reason);
      const { size, root } = opened.value;
      expect(size).toBeGreaterThanOrEqual(Math.max(largest, claimed));
      largest = size;
      shown.set(size, root.toString('hex'));
      expect(await verifyLog(dir, signer.vkey)).toMatchObject({ ok: true, size });
    }
    expect(shown.size).toBeGreaterThan(ROUNDS / 2);
    const leaves = entries(0, largest).map(leafHash);
    for (const [size, root] of shown) expect(rootOf(leaves.slice(0, size)).toString('hex')).toBe(root);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
