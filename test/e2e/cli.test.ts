import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { endServices, launch, MAIN, startService, type Service } from '../support/service.ts';

type Step = Readonly<Record<string, unknown>>;

const stepsOf = (stdout: string): Step[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Step);

const DEMO_WITHIN_MS = 120_000;

/** Runs a line of shell in the settings of the service, as a person would paste it. */
const shell = (service: Service, line: string): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)('bash', ['-o', 'pipefail', '-c', line], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...service.environment },
    timeout: 30_000,
  });

describe('the command line beside a running service', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(endServices);

  async function demo(): Promise<{ code: number | null; steps: Step[]; stderr: string }> {
    const one = launch(['demo', '--seconds', '4', '--json'], service.environment);
    const { code, stdout, stderr } = await one.ended;
    return { code, steps: stepsOf(stdout), stderr };
  }

  test(
    'the demo shows the table fill, the alert with its evidence, the containment, and the same rows by SQL',
    async () => {
      const { code, steps, stderr } = await demo();
      const nameOf = ({ step }: Step): unknown => step;
      const find = (name: string): Step => steps.findLast((step) => step['step'] === name) ?? {};
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(steps.map(nameOf)).toEqual(
        expect.arrayContaining(['hired', 'keys', 'import', 'work', 'rotation', 'sli', 'theft', 'alert', 'containment']),
      );

      const alert = find('alert')['alert'] as { principal: string; explanation: string; seqs: number[] };
      expect(alert.principal).toBe(find('theft')['principal']);
      expect(alert.seqs.length).toBeGreaterThan(1);
      const result = find('result');
      expect(result).toMatchObject({ alert: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, faults: {} });
      expect(result['secondsToAlert']).toBeLessThan(60);

      // Every call of the thief is a row, and the tool that made it is in it.
      const stolen = (find('sql-calls')['rows'] as Step[]).filter(({ tool }) => tool === 'table-grabber/0.1');
      const callsOf = (outcome: string): unknown => stolen.find((row) => row['outcome'] === outcome)?.['calls'];
      expect(Number(callsOf('success'))).toBe(result['opened']);
      expect(Number(callsOf('denied') ?? 0)).toBe(result['refused']);

      const table = find('sli')['rows'] as Step[];
      expect(table.map(({ service: name }) => name)).toEqual([
        'administrator',
        'payments',
        'orders',
        'reports',
        'backup',
      ]);

      // The command it gives prints the same alert to whoever pastes it.
      const pasted = await shell(service, String(find('sql-alert')['curl']));
      expect(pasted.stdout).toContain(alert.explanation);
    },
    DEMO_WITHIN_MS,
  );

  test(
    'the demo can be played again, and leaves no principals of its own',
    async () => {
      expect((await demo()).code).toBe(0);
      const { principals } = JSON.parse((await service.cli('principals', 'list', '--json')).stdout) as {
        principals: { type: string }[];
      };
      expect(principals.map(({ type }) => type)).toEqual(['root']);
    },
    DEMO_WITHIN_MS,
  );

  test('the demo that is interrupted says so, removes its principals, and does not end with 0', async () => {
    const one = launch(['demo', '--json'], service.environment);
    await eventually('the company is at work', () => one.stdout().includes('"step":"work"'));
    one.kill('SIGINT');
    const { code, stdout } = await one.ended;
    expect(code).toBe(1);
    expect(stepsOf(stdout).map(({ step }) => step)).toEqual(expect.arrayContaining(['dissolved', 'result']));
    expect((await service.cli('principals', 'list', '--json')).stdout).not.toContain('demo-');
  });

  test('status is for people and for programs, and ends with 0 when everything is ready', async () => {
    const plain = await service.cli('status');
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^Keyledger \S+: ready, [\d,]+ events in the journal\n/);
    expect(plain.stdout).toMatch(/^clickhouse +ready +\d+ +0$/m);
    const json = await service.cli('status', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ ready: true, endpoints: { api: service.api } });
  });

  test('sli counts the calls of the demo by operation, key and principal', async () => {
    expect((await service.cli('sli')).stdout).toMatch(/^Decrypt +[\d,]+ +\d+\.\d\d % +[\d,]+ /m);
    expect((await service.cli('sli', '--by', 'key')).stdout).toMatch(/^key\/[0-9a-f-]{36} /m);
    const { stdout } = await service.cli('sli', '--by', 'principal', '--since', '1h', '--json');
    const { rows } = JSON.parse(stdout) as { rows: { principal: string; total: number; p99Ms?: number }[] };
    expect(rows.find(({ principal }) => principal.endsWith('/orders'))?.p99Ms).toBeGreaterThan(0);
  });

  test('events tail follows, filters, and ends with 0 on Ctrl-C', async () => {
    const one = launch(['events', 'tail', '--follow', '-n', '0', '--json'], service.environment);
    const arn = 'arn:aws:iam::000000000000:role/followed';
    // Written again until it is seen: nobody says when the tail has begun to look.
    await eventually('the new event is shown', async () => {
      await service.cli('principals', 'add', arn, '--json');
      return one.stdout().includes(arn);
    });
    one.kill('SIGINT');
    expect((await one.ended).code).toBe(0);
    const denied = stepsOf((await service.cli('events', 'tail', '-n', '5', '--outcome', 'denied', '--json')).stdout);
    expect(denied.map(({ outcome }) => outcome)).toEqual(Array(5).fill('denied'));
    await service.cli('principals', 'remove', arn);
  });

  test('a reader that leaves early, as head does, ends a command quietly', async () => {
    const { stdout, stderr } = await shell(
      service,
      `${process.execPath} ${MAIN} events tail -n 1000 --json | head -n 1`,
    );
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stderr).toBe('');
  });

  test('a demo on another data directory than the service says which setting is wrong', async () => {
    const other = await startService();
    const exit = await launch(['demo'], { ...other.environment, KEYLEDGER_DATA: service.data }).ended;
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain('Does it run on another data directory? Set KEYLEDGER_DATA');
    await other.stop();
  });
});
