import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import {
  formatCheckpoint,
  ledgerHandler,
  openFileSigner,
  parseCheckpoint,
  proveConsistency,
  proveInclusion,
  startIntegrator,
  verifyLog,
  verifyProof,
  type LedgerSigner,
} from '../../../src/ledger/index.ts';
import { buildForeign, type Foreign } from '../../support/ledger/foreign.ts';
import { entry, journalOf, ORIGIN } from '../../support/ledger/given.ts';

/** The size that the specification uses as its example: full and partial tiles on three levels. */
const SIZE = 70_000;

let home: string;
let dir: string;
let signer: LedgerSigner;
let foreign: Foreign;
/** The text of the checkpoint of 300 entries, as somebody may have kept it. */
let early: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyledger-foreign-'));
  dir = join(home, 'log');
  foreign = await buildForeign(home);
  signer = await openFileSigner(join(home, 'signing-key'), ORIGIN);
  const journal = journalOf(300);
  const integrator = await startIntegrator({ journal, dir, signer, log: silentLog });
  await integrator.integrate();
  early = await readFile(join(dir, 'checkpoint'), 'utf8');
  journal.count = SIZE;
  await integrator.close();
});

afterAll(() => rm(home, { recursive: true, force: true }));

async function serve(): Promise<{ server: Server; url: string }> {
  const handle = ledgerHandler({ dir });
  const server = createServer((request, response) => {
    const headers = new Headers(request.headers as Record<string, string>);
    void handle(new Request(`http://127.0.0.1${request.url ?? '/'}`, { headers })).then(async (answer) => {
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger` };
}

/** Changes one byte of a file, runs the check, and puts the byte back. */
async function withFlipped(path: string, at: number, check: () => Promise<void>): Promise<void> {
  const file = join(dir, path);
  const bytes = await readFile(file);
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1;
  await writeFile(file, changed);
  try {
    await check();
  } finally {
    await writeFile(file, bytes);
  }
}

test('Go accepts the whole log from its directory, and so do we', async () => {
  const { accepted, said } = await foreign('log', dir, signer.vkey);
  expect({ accepted, said }).toEqual({ accepted: true, said: `${ORIGIN}: ${SIZE} entries of ${SIZE}` });
  expect(await verifyLog(dir, signer.vkey)).toMatchObject({ ok: true, size: SIZE });
});

test('Go accepts the whole log as it is served', async () => {
  const { server, url } = await serve();
  try {
    const { accepted, said } = await foreign('log', url, signer.vkey);
    expect({ accepted, said }).toEqual({ accepted: true, said: `${ORIGIN}: ${SIZE} entries of ${SIZE}` });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('Go names the entry of a tampered bundle, the same one that we name', async () => {
  const bundle = 'tile/entries/100';
  const at = (await readFile(join(dir, bundle))).indexOf('entry 25777"');
  await withFlipped(bundle, at + 6, async () => {
    const { accepted, said } = await foreign('log', dir, signer.vkey);
    expect({ accepted, said }).toEqual({ accepted: false, said: 'hash mismatch for entry 25777' });
    expect(await verifyLog(dir, signer.vkey)).toMatchObject({ ok: false, file: bundle, index: 25_777 });
  });
});

test.each([
  ['checkpoint', 10],
  ['tile/0/000', 5000],
  ['tile/0/273.p/112', 0],
  ['tile/1/000', 8191],
  ['tile/2/000.p/1', 31],
])('Go refuses a log with one changed byte in %s, and we name the file', async (path, at) => {
  await withFlipped(path, at, async () => {
    expect((await foreign('log', dir, signer.vkey)).accepted).toBe(false);
    expect(await verifyLog(dir, signer.vkey)).toMatchObject({ ok: false, file: path });
  });
});

test('Go refuses the log under another key', async () => {
  const other = await openFileSigner(join(home, 'other-key'), ORIGIN);
  expect((await foreign('log', dir, other.vkey)).accepted).toBe(false);
  expect((await verifyLog(dir, other.vkey)).ok).toBe(false);
});

test('Go accepts a proof of an entry, and of no other entry', async () => {
  const [proofFile, entryFile] = [join(home, 'one.tlog-proof'), join(home, 'entry')];
  for (const index of [0, 255, 256, 65_535, 65_536, SIZE - 1]) {
    const { proof } = await proveInclusion(dir, index);
    await writeFile(proofFile, proof);
    await writeFile(entryFile, entry(index));
    expect(await foreign('proof', proofFile, signer.vkey, entryFile)).toEqual({ accepted: true, said: 'proven' });
    expect(verifyProof(proof, signer.vkey, entry(index)).ok).toBe(true);
    await writeFile(entryFile, entry(index + 1));
    expect((await foreign('proof', proofFile, signer.vkey, entryFile)).accepted).toBe(false);
  }
});

test('Go accepts that the log begins with its own earlier state, and with no other', async () => {
  const { checkpoint, hashes } = await proveConsistency(dir, 300);
  const linesOf = (note: string): string => note.split('\n').slice(1, 3).join('\n');
  const file = join(home, 'consistency');
  const proof = hashes.map((hash) => hash.toString('base64')).join('\n');
  await writeFile(file, `${linesOf(early)}\n${linesOf(checkpoint)}\n${proof}\n`);
  expect(await foreign('consistency', file)).toEqual({ accepted: true, said: 'consistent' });

  const parsed = parseCheckpoint(early.slice(0, early.indexOf('\n\n') + 1));
  if (!parsed.ok) throw new Error(parsed.reason);
  const forged = formatCheckpoint({ ...parsed.value, root: Buffer.alloc(32) });
  await writeFile(file, `${linesOf(forged)}\n${linesOf(checkpoint)}\n${proof}\n`);
  expect((await foreign('consistency', file)).accepted).toBe(false);
});
