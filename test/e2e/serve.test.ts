import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  endServices,
  freshDirectory,
  isAlive,
  launch,
  processesOn,
  run,
  settingsFor,
  startService,
  type Service,
} from '../support/service.ts';
import { createKey, firstCredentials, openCaller, succeed } from './given/caller.ts';
import { journalOf } from './given/readers.ts';
import { familiesOf, parsePrometheus } from './given/prometheus.ts';

afterAll(endServices);

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const pidsOf = async (service: Service): Promise<number[]> => {
  const { processes } = await service.status();
  const pids = Object.values(processes).map(({ pid }) => pid ?? 0);
  return [...new Set([service.process.pid, ...pids, ...processesOn(service.data)])];
};
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** Nothing runs any more, and nobody holds the directory. */
async function expectNothingLeft(pids: readonly number[], data: string): Promise<void> {
  expect(pids.length).toBeGreaterThanOrEqual(4);
  await eventually(`none of ${pids.join(', ')} lives`, () => !pids.some(isAlive), 5_000);
  expect(processesOn(data)).toEqual([]);
  expect(existsSync(join(data, 'instance'))).toBe(false);
}

describe('a service on a fresh directory', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });

  test('says where everything is, how to use it, and how to stop it', () => {
    const panel = service.process.stdout();
    expect(panel).toContain(`KMS API      ${service.api}`);
    expect(panel).toContain(`Console      ${service.console}`);
    expect(panel).toContain(join(service.data, 'credentials'));
    expect(panel).toMatch(/^ {2}AWS_SHARED_CREDENTIALS_FILE=\S+ aws --profile keyledger .* kms create-key$/m);
    expect(panel).toContain('Stop with Ctrl-C.');
  });

  test('keeps its secrets to itself', () => {
    for (const file of ['root-key', 'credentials', 'ledger-key', 'instance', 'clickhouse/users.json'])
      expect([file, modeOf(join(service.data, file))]).toEqual([file, '600']);
    expect(modeOf(service.data)).toBe('700');
  });

  test('is healthy and ready, and names its processes', async () => {
    const [health, ready, page, missing] = await Promise.all(
      ['/healthz', '/readyz', '/', '/nothing'].map((path) => fetch(service.console + path)),
    );
    expect([health?.status, await health?.text()]).toEqual([200, 'ok\n']);
    expect([ready?.status, await ready?.json()]).toMatchObject([
      200,
      {
        ready: true,
        processes: { api: { state: 'ready' }, pipeline: { state: 'ready' }, clickhouse: { state: 'ready' } },
      },
    ]);
    expect([page?.status, await page?.text()]).toEqual([200, expect.stringContaining('ready')]);
    expect(page?.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(missing?.status).toBe(404);
  });

  test('has metrics of every process in the text format of Prometheus', async () => {
    const answer = await fetch(`${service.console}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = parsePrometheus(await answer.text());
    expect(new Set(samples.map(({ labels }) => labels['process']))).toEqual(new Set(['api', 'pipeline', 'supervisor']));
    expect(familiesOf(samples)).toEqual(
      expect.arrayContaining([
        'keyledger_journal_seq',
        'keyledger_ledger_size',
        'keyledger_consumer_lag',
        'process_cpu_user_seconds_total',
      ]),
    );
  });

  test('the checkpoint has the newest event within a second and a half', async () => {
    const caller = openCaller(service.api, firstCredentials(service.data));
    const sizeOf = async (): Promise<number> =>
      Number((await (await fetch(`${service.console}/ledger/checkpoint`)).text()).split('\n')[1]);
    const before = await sizeOf();
    for (let round = 0; round < 3; round += 1) {
      const { seq = 0 } = await succeed(caller, 'GenerateRandom', { NumberOfBytes: 8 });
      const answeredMs = performance.now();
      await eventually(`the checkpoint covers ${seq}`, async () => (await sizeOf()) >= seq, 10_000);
      expect(performance.now() - answeredMs).toBeLessThan(1_500);
      expect(seq).toBeGreaterThan(before);
    }
    caller.close();
  });

  test('has the same data and the same keys after SIGTERM and after Ctrl-C, and leaves nothing running', async () => {
    const credentials = firstCredentials(service.data);
    const caller = openCaller(service.api, credentials);
    const key = await createKey(caller);
    const EncryptionContext = { purpose: 'restart' };
    const sealed = await succeed(caller, 'Encrypt', { KeyId: key, Plaintext: base64('kept'), EncryptionContext });
    await succeed(caller, 'RotateKeyOnDemand', { KeyId: key });
    const { CiphertextBlob } = sealed.json;

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const pids = await pidsOf(service);
      // As a terminal does: the whole group, not the supervisor alone.
      if (signal === 'SIGINT') process.kill(-service.process.pid, signal);
      expect(await service.stop(signal)).toMatchObject({ code: 0, signal: null });
      await expectNothingLeft(pids, service.data);
      const events = (await journalOf(service.data)).length;

      service = await service.again();
      expect(firstCredentials(service.data)).toEqual(credentials);
      const { json } = await succeed(caller, 'Decrypt', { CiphertextBlob, EncryptionContext });
      expect(json).toMatchObject({ KeyId: key, Plaintext: base64('kept') });
      expect((await journalOf(service.data)).length).toBe(events + 1);
    }
    caller.close();
  });

  test('answers what it has begun when it is told to stop', async () => {
    const caller = openCaller(service.api, firstCredentials(service.data));
    const calls = Array.from({ length: 60 }, () => caller.call('GenerateRandom', { NumberOfBytes: 1024 }));
    await Promise.race(calls);
    const pids = await pidsOf(service);
    const replies = Promise.all(calls);
    expect(await service.stop()).toMatchObject({ code: 0 });
    const seqs = (await replies).map(({ status, seq }) => [status, seq]);
    const recorded = new Set((await journalOf(service.data)).map(({ seq }) => seq));
    expect(seqs.every(([status, seq]) => status === 200 && recorded.has(seq ?? 0))).toBe(true);
    await expectNothingLeft(pids, service.data);
    caller.close();
    service = await service.again();
  });

  test('is alone on its data: a second instance ends with 5 and harms nothing', async () => {
    const second = await run(['serve'], await settingsFor({ data: service.data }));
    expect(second.code).toBe(5);
    expect(second.stderr).toMatch(/^keyledger: Keyledger already runs on \S+ \(process \d+\)\. .*KEYLEDGER_DATA\.\n$/);
    expect((await service.status()).ready).toBe(true);
  });
});

describe('a service that cannot start says why in one sentence', () => {
  let blocker: Server;
  let port: string;
  beforeAll(async () => {
    blocker = createServer();
    await once(blocker.listen(0, '127.0.0.1'), 'listening');
    port = String((blocker.address() as AddressInfo).port);
  });
  afterAll(() => void blocker.close());

  test.each(['KEYLEDGER_API_PORT', 'KEYLEDGER_CONSOLE_PORT', 'KEYLEDGER_CLICKHOUSE_PORT'])(
    'a taken %s: exit code 6',
    async (setting) => {
      const environment = await settingsFor({ environment: { [setting]: port } });
      const exit = await run(['serve'], environment);
      expect(exit).toMatchObject({ code: 6, stdout: '' });
      const lines = exit.stderr.trim().split('\n');
      expect(lines.at(-1)).toMatch(new RegExp(`^keyledger: .*${port}.* taken.*${setting}`));
      expect(exit.stderr).not.toContain('    at ');
      expect(processesOn(environment['KEYLEDGER_DATA'] ?? '')).toEqual([]);
    },
  );

  test.each([
    ['below a regular file', 'file/data'],
    ['that is a regular file', 'file'],
  ])('a data directory %s: exit code 4', async (_what, path) => {
    const directory = await freshDirectory();
    writeFileSync(join(directory, 'file'), '');
    const exit = await run(['serve'], await settingsFor({ data: join(directory, path) }));
    expect(exit).toMatchObject({ code: 4, stdout: '' });
    expect(exit.stderr).toMatch(/^keyledger: The data directory \S+ .*KEYLEDGER_DATA\.\n$/);
  });

  test('wrong settings: exit code 3, and each of them is named', async () => {
    const environment = {
      ...(await settingsFor()),
      KEYLEDGER_ACCOUNT: 'mine',
      KEYLEDGER_API_PORT: '70000',
      KEYLEDGER_LOG_LEVEL: 'loud',
      KEYLEDGER_WEBHOOK_URL: 'https://example.com/',
    };
    const exit = await run(['serve'], environment);
    expect(exit.code).toBe(3);
    for (const name of ['KEYLEDGER_ACCOUNT', 'KEYLEDGER_API_PORT', 'KEYLEDGER_LOG_LEVEL', 'KEYLEDGER_WEBHOOK_SECRET'])
      expect(exit.stderr).toContain(name);
    expect(exit.stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a seed file that is wrong: exit code 3', async () => {
    const directory = await freshDirectory();
    writeFileSync(join(directory, 'seed.yaml'), 'principals:\n  - arn: 7\n');
    const exit = await run(
      ['serve'],
      await settingsFor({ environment: { KEYLEDGER_SEED: join(directory, 'seed.yaml') } }),
    );
    expect(exit.code).toBe(3);
    expect(exit.stderr.trim().split('\n').at(-1)).toContain('principals.0.arn');
  });
});

describe('a service that was stopped', () => {
  let stopped: Service;
  beforeAll(async () => {
    stopped = await startService();
    await stopped.stop();
  });

  test.each([
    ['a process that no longer runs', JSON.stringify({ pid: 4_194_000, started: '1' })],
    ['a later process of the same number', JSON.stringify({ pid: process.pid, started: '1' })],
    ['a crash in the middle of writing', '{"pi'],
  ])('takes over the claim of %s', async (_whose, claim) => {
    writeFileSync(join(stopped.data, 'instance'), claim, { mode: 0o600 });
    const service = await stopped.again();
    expect((await service.status()).ready).toBe(true);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  test('refuses a root key that others can read, and one that is not its own: exit code 7', async () => {
    const path = join(stopped.data, 'root-key');
    const key = readFileSync(path);
    chmodSync(path, 0o640);
    const open = await run(['serve'], stopped.environment);
    expect(open.code).toBe(7);
    expect(open.stderr.trim().split('\n').at(-1)).toMatch(/^keyledger: .*root-key/);
    chmodSync(path, 0o600);
    writeFileSync(path, Buffer.alloc(key.length, 7));
    const replaced = await run(['serve'], stopped.environment);
    expect(replaced.code).toBe(7);
    expect(replaced.stderr).not.toContain(key.toString('hex'));
    expect(processesOn(stopped.data)).toEqual([]);
    writeFileSync(path, key);
    const service = await stopped.again();
    await service.stop();
  });
});

test("in a directory that others may enter, every file and directory made is the owner's alone", async () => {
  const data = join(await freshDirectory(), 'mounted');
  mkdirSync(data, { mode: 0o755 });
  chmodSync(data, 0o755);
  const service = await startService({ data });
  const caller = openCaller(service.api, firstCredentials(data));
  await createKey(caller);
  caller.close();
  await service.stop();
  const open = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !existsSync(join(data, name)) || (statSync(join(data, name)).mode & 0o077) !== 0,
  );
  expect(open.slice(0, 10)).toEqual([]);
});

test('told to stop while it starts, it stops and leaves nothing running', async () => {
  const environment = await settingsFor();
  const starting = launch(['serve'], environment);
  const data = environment['KEYLEDGER_DATA'] ?? '';
  await eventually('its first children run', () => processesOn(data).length > 1);
  starting.kill('SIGTERM');
  expect(await starting.ended).toMatchObject({ code: 0, signal: null });
  await eventually('nothing is left running', () => processesOn(data).length === 0, 5_000);
  expect(existsSync(join(data, 'instance'))).toBe(false);
});
