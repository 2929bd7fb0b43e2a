import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alertPipeline, entityKey, presentAlert, webhookSink } from '../../../src/alerts/index.ts';
import { openFileSnapshots } from '../../../src/app/snapshots.ts';
import { silentLog, type Closeable } from '../../../src/base/index.ts';
import { detectionEngine, openRate } from '../../../src/detect/index.ts';
import { Alert, encodeAlert, encodeFinding, encodeKeyEvent, TOPICS } from '../../../src/events/index.ts';
import { createMemoryStore, openMemoryLog, runConsumer } from '../../../src/stream/index.ts';
import { journal, KEY, NOON_S, poisson, random, ROLE, type Traffic } from '../../unit/detect/events.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const steady = (rate: number, from: number, to: number, seed: number, part: Partial<Traffic> = {}): Traffic[] =>
  poisson(rate, NOON_S + from, NOON_S + to, random(seed)).map((at) => ({ at, ...part }));

/** What the demo plays: services with steady traffic, and after half a minute one stolen role. */
const thief = 'arn:aws:iam::000000000000:role/reporting';
const company = journal(
  steady(5, 0, 60, 1),
  steady(0.5, 0, 60, 2, { principal: 'arn:aws:iam::000000000000:role/orders' }),
  steady(2, 0, 60, 3, { principal: thief }),
  steady(200, 30, 60, 4, { principal: thief }),
);

let directory: string;
let receiver: Receiver;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyledger-alerts-'));
  receiver = await openReceiver();
});
afterEach(async () => {
  await receiver.close();
  await rm(directory, { recursive: true });
});

/** One life of the process: engine, pipeline and sink on a log that outlives it. */
async function live(store: ReturnType<typeof createMemoryStore>): Promise<Closeable> {
  const log = openMemoryLog({ store });
  const message = (
    about: { key?: string | undefined; principal?: string | undefined; id: string },
    value: Uint8Array,
  ) => {
    return { key: entityKey(about), value };
  };
  const engine = detectionEngine({
    detectors: [openRate()],
    snapshots: openFileSnapshots(join(directory, 'detect')),
    snapshotEvents: 700,
    publish: (findings) =>
      log.append(
        TOPICS.findings,
        findings.map((one) => message(one, encodeFinding(one))),
      ),
  });
  const pipeline = alertPipeline({
    store: openFileSnapshots(join(directory, 'alerts')),
    publish: (alerts) =>
      log.append(
        TOPICS.alerts,
        alerts.map((one) => message(one, encodeAlert(one))),
      ),
  });
  const url = `http://127.0.0.1:${receiver.port}/`;
  const sink = webhookSink({ name: 'soc', url, secrets: [SECRET], allowPrivate: true });
  await runConsumer({ log, consumer: engine, logger: silentLog, maxBatch: 100 });
  await runConsumer({ log, consumer: pipeline, logger: silentLog });
  await runConsumer({ log, consumer: sink, logger: silentLog, maxBatch: 10 });
  return log;
}

const delivered = (): Map<string, Alert> =>
  new Map(
    receiver.received.map(({ headers, body }) => {
      const { data } = new Webhook(SECRET).verify(body, headers) as { data: unknown };
      return [headers['webhook-id']!, Alert.parse(data)] as const;
    }),
  );

async function until(what: () => boolean): Promise<void> {
  for (const began = Date.now(); !what();) {
    if (Date.now() - began > 20_000) throw new Error('waited 20 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a stolen role is one alert at the receiver within seconds of event time, and the steady services are silent', async () => {
  const store = createMemoryStore();
  const early = await live(store);
  const log = openMemoryLog({ store });
  await log.append(
    TOPICS.keyEvents,
    company.map((event) => ({ key: KEY, value: encodeKeyEvent(event) })),
  );
  await early.close();
  const again = await live(store);
  await until(() => [...delivered().values()].some(({ count }) => count >= 2));
  await again.close();
  const alerts = [...delivered().values()];
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(1);
  expect(alerts[0]).toMatchObject({ status: 'open', version: 1, principal: thief, key: KEY, route: 'ticket' });
  expect(Date.parse(alerts[0]!.firstSeen) / 1000 - NOON_S).toBeLessThan(34);
  expect(presentAlert(alerts[0]!)).toContain(`aws kms disable-key --key-id ${KEY}`);
});

test('stopped and started in the middle, the receiver sees the same versions of the same alert', async () => {
  const whole = createMemoryStore();
  const first = await live(whole);
  const feed = (events: typeof company, store: typeof whole) =>
    openMemoryLog({ store }).append(
      TOPICS.keyEvents,
      events.map((event) => ({ key: KEY, value: encodeKeyEvent(event) })),
    );
  await first.close();
  await feed(company, whole);
  const undisturbed = await live(whole);
  await until(() => [...delivered().values()].some(({ count }) => count >= 2));
  await undisturbed.close();
  const expected = delivered();

  await rm(directory, { recursive: true });
  receiver.received.length = 0;
  const broken = createMemoryStore();
  for (let at = 0; at < company.length; at += 900) {
    await feed(company.slice(at, at + 900), broken);
    const life = await live(broken);
    await new Promise((resolve) => setTimeout(resolve, 15));
    await life.close();
  }
  const last = await live(broken);
  await until(() => delivered().size >= expected.size);
  await last.close();
  expect(delivered()).toEqual(expected);
});

test('a snapshot is private, replaced whole, and taken for absent when it is damaged', async () => {
  const said: string[] = [];
  const say = (event: string) => void said.push(event);
  const snapshots = openFileSnapshots(directory, { info: say, warn: say, error: say });
  expect(await snapshots.load(0)).toBeUndefined();
  await snapshots.save(0, Buffer.from('first'), 5);
  await snapshots.save(0, Buffer.from('second\n'), 9);
  await snapshots.save(1, Buffer.alloc(0), 0);
  expect(await snapshots.load(0)).toEqual({ bytes: Buffer.from('second\n'), offset: 9 });
  expect(await snapshots.load(1)).toEqual({ bytes: Buffer.alloc(0), offset: 0 });
  expect((await readdir(directory)).sort()).toEqual(['0.snapshot', '1.snapshot']);
  expect((await stat(join(directory, '0.snapshot'))).mode & 0o777).toBe(0o600);
  const good = await readFile(join(directory, '0.snapshot'));
  for (const bad of [good.subarray(0, -1), Buffer.concat([good, good]), good.subarray(3), Buffer.alloc(0)]) {
    await writeFile(join(directory, '0.snapshot'), bad);
    expect(await snapshots.load(0)).toBeUndefined();
  }
  expect(said).toEqual(Array(4).fill('snapshot-damaged'));
});

test('a disk that refuses is an operational error', async () => {
  await writeFile(join(directory, 'file'), ROLE);
  const snapshots = openFileSnapshots(join(directory, 'file'));
  await expect(snapshots.load(0)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  await expect(snapshots.save(0, Buffer.alloc(1), 1)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
});
