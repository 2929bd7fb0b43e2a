import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { webhookId, webhookSink, type WebhookOptions } from '../../../src/alerts/index.ts';
import { Incidents } from '../../../src/alerts/incidents.ts';
import { encodeAlert, TOPICS, type Alert } from '../../../src/events/index.ts';
import { finding, KEY } from '../../unit/alerts/findings.ts';
import { selfSigned } from './certificate.ts';
import { answer, openReceiver, type Receiver } from './receiver.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const NEXT = `whsec_${randomBytes(32).toString('base64')}`;

let receiver: Receiver;
beforeEach(async () => {
  receiver = await openReceiver();
});
afterEach(() => receiver.close());

const sinkTo = (options: Partial<WebhookOptions> = {}) =>
  webhookSink({
    name: 'test',
    url: `http://127.0.0.1:${receiver.port}/hook`,
    secrets: [SECRET],
    allowPrivate: true,
    timeoutMs: 300,
    patienceMs: 5_000,
    backoff: { baseMs: 5, capMs: 20 },
    ...options,
  });

const alerts = (count: number): Alert[] => {
  const incidents = new Incidents();
  return Array.from({ length: count }, (_, n) => incidents.take(finding({ n, at: 0, key: `${KEY}${n}` }))).flat();
};
const batch = (...values: Alert[]) => ({
  partition: 3,
  items: values.map((value, offset) => ({ offset, value, bytes: encodeAlert(value) })),
});
const idsReceived = (): string[] => receiver.received.map(({ headers }) => headers['webhook-id']!);

test('an alert arrives once, signed so that the official library accepts it', async () => {
  const [alert] = alerts(1);
  const sink = sinkTo({ secrets: [NEXT, SECRET] });
  expect([sink.group, sink.topic]).toEqual(['sink-test', TOPICS.alerts]);
  expect(await sink.handle(batch(alert!))).toEqual([]);
  const [got] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect([got!.method, got!.path, got!.headers['content-type']]).toEqual(['POST', '/hook', 'application/json']);
  expect(got!.headers['webhook-id']).toBe(`${alert!.id}-1`);
  for (const secret of [SECRET, NEXT]) {
    expect(new Webhook(secret).verify(got!.body, got!.headers)).toEqual({
      type: 'alert.opened',
      timestamp: alert!.lastSeen,
      data: alert,
      source: { topic: 'keyledger.alerts', partition: 3, offset: 0 },
    });
  }
});

test('408, 425, 429, 5xx and a closed connection are tried again, in order, with the same id and a fresh signature', async () => {
  const [first, second] = alerts(2);
  receiver.plan.push(
    answer(500),
    answer(503),
    answer(408),
    answer(425),
    answer(429),
    (response) => response.destroy(),
    (response) => response.socket?.end('HTTP/1.1 200'),
  );
  const sink = sinkTo();
  expect(await sink.handle(batch(first!, second!))).toEqual([]);
  expect(idsReceived()).toEqual([...Array<string>(8).fill(webhookId(first!)), webhookId(second!)]);
  expect(sink.counts()).toEqual({ delivered: 2, retried: 7, refused: 0 });
  for (const { body, headers } of receiver.received) new Webhook(SECRET).verify(body, headers);
});

test('a receiver that is slow to answer, or that trickles its headers, is given up and tried again', async () => {
  receiver.plan.push(
    () => undefined,
    (response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
      const trickle = setInterval(() => response.socket?.write('a'), 20);
      response.on('close', () => clearInterval(trickle));
    },
  );
  const began = performance.now();
  const sink = sinkTo();
  expect(await sink.handle(batch(...alerts(1)))).toEqual([]);
  expect(sink.counts().retried).toBe(2);
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('an answer of any size or length does not hold the line', async () => {
  receiver.plan.push(
    answer(200, {}, 'x'.repeat(5_000_000)),
    (response) => void response.writeHead(200, { 'content-length': '100' }).write('half'),
  );
  const sink = sinkTo({ timeoutMs: 2_000 });
  const began = performance.now();
  expect(await sink.handle(batch(...alerts(3)))).toEqual([]);
  expect(sink.counts()).toEqual({ delivered: 3, retried: 0, refused: 0 });
  expect(performance.now() - began).toBeLessThan(1_500);
});

test('an answer that will not change goes to the dead letters, and the next alert is delivered', async () => {
  for (const status of [301, 307, 400, 401, 403, 404, 410, 413, 422]) {
    receiver.received.length = 0;
    receiver.plan.push(answer(status, { location: `http://127.0.0.1:${receiver.port}/elsewhere` }));
    const [bad, good] = alerts(2);
    expect(await sinkTo().handle(batch(bad!, good!))).toEqual([
      { offset: 0, reason: `the receiver answered ${status}` },
    ]);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook']);
  }
});

test('Retry-After is obeyed, in seconds and as a date', async () => {
  receiver.plan.push(answer(429, { 'retry-after': '1' }));
  await sinkTo().handle(batch(...alerts(1)));
  const [first, second] = receiver.received;
  expect(second!.atMs - first!.atMs).toBeGreaterThan(950);
  receiver.received.length = 0;
  // A date has whole seconds: two ahead is more than one.
  receiver.plan.push(answer(503, { 'retry-after': new Date(Date.now() + 2_000).toUTCString() }));
  await sinkTo().handle(batch(...alerts(1)));
  expect(receiver.received[1]!.atMs - receiver.received[0]!.atMs).toBeGreaterThan(950);
});

test('when patience ends the line stops, and the batch that comes again does not repeat what was answered', async () => {
  const [first, bad, third] = alerts(3);
  receiver.plan.push(answer(204), answer(400), ...Array.from({ length: 200 }, () => answer(500)));
  const sink = sinkTo({ patienceMs: 150 });
  const down = expect.objectContaining({ code: 'SINK_UNAVAILABLE', retryable: true }) as unknown;
  await expect(sink.handle(batch(first!, bad!, third!))).rejects.toEqual(down);
  await expect(sink.handle(batch(first!, bad!, third!))).rejects.toEqual(down);
  receiver.plan.length = 0;
  expect(await sink.handle(batch(first!, bad!, third!))).toEqual([{ offset: 1, reason: 'the receiver answered 400' }]);
  const ids = idsReceived();
  expect(ids.filter((id) => id === webhookId(first!))).toHaveLength(1);
  expect(ids.filter((id) => id === webhookId(bad!))).toHaveLength(1);
  expect(ids.at(-1)).toBe(webhookId(third!));
  expect(sink.counts()).toMatchObject({ delivered: 2, refused: 1 });
});

test('a Retry-After beyond patience stops the line at once and keeps it stopped until then', async () => {
  receiver.plan.push(answer(429, { 'retry-after': '3600' }));
  const sink = sinkTo({ patienceMs: 200 });
  for (let again = 0; again < 3; again += 1) {
    await expect(sink.handle(batch(...alerts(1)))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
  }
  expect(receiver.received).toHaveLength(1);
});

test('a receiver that is not there is waited for', async () => {
  const { port } = receiver;
  await receiver.close();
  const sink = sinkTo({ url: `http://127.0.0.1:${port}/hook`, patienceMs: 100 });
  await expect(sink.handle(batch(...alerts(1)))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
  receiver = await openReceiver();
});

test('a stop ends the wait', async () => {
  receiver.plan.push(() => undefined);
  const stop = new AbortController();
  const handled = sinkTo({ signal: stop.signal, timeoutMs: 60_000, patienceMs: 60_000 }).handle(batch(...alerts(1)));
  setTimeout(() => stop.abort(), 50);
  await expect(handled).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
});

test('an alert that no receiver should have to take is set aside', async () => {
  const [alert] = alerts(1);
  const huge = { ...alert!, triage: Array.from({ length: 600 }, () => 'x'.repeat(500)) };
  expect(await sinkTo().handle(batch(huge))).toEqual([{ offset: 0, reason: 'larger than 256 KiB' }]);
  expect(receiver.received).toEqual([]);
});

test('without leave, a name that leads to a private address is never connected to', async () => {
  const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const url = `https://receiver.example:${receiver.port}/hook`;
  const sink = sinkTo({ url, allowPrivate: false, patienceMs: 60, lookup });
  await expect(sink.handle(batch(...alerts(1)))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
  expect(receiver.received).toEqual([]);
});

test('over TLS the checked address is connected to under the name of the URL, and the certificate is verified', async () => {
  const own = selfSigned('receiver.example');
  const secure = await openReceiver(own);
  const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const url = `https://receiver.example:${secure.port}/hook`;
  try {
    expect(await sinkTo({ url, lookup, tls: { ca: own.cert } }).handle(batch(...alerts(1)))).toEqual([]);
    expect(secure.received[0]!.headers['host']).toBe(`receiver.example:${secure.port}`);
    for (const tls of [{}, { ca: selfSigned('receiver.example').cert }]) {
      const sink = sinkTo({ url, lookup, tls, patienceMs: 60 });
      await expect(sink.handle(batch(...alerts(1)))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    }
    const other = sinkTo({ url: url.replace('receiver', 'other'), lookup, tls: { ca: own.cert }, patienceMs: 60 });
    await expect(other.handle(batch(...alerts(1)))).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    expect(secure.received).toHaveLength(1);
  } finally {
    await secure.close();
  }
});

test('neither secret nor URL appears in logs or errors', async () => {
  const said: unknown[] = [];
  const say = (...line: unknown[]) => void said.push(line);
  receiver.plan.push(...Array.from({ length: 50 }, () => answer(500)));
  const url = `http://127.0.0.1:${receiver.port}/hook/tokenvalue?also=tokenvalue`;
  const sink = sinkTo({ url, patienceMs: 60, log: { info: say, warn: say, error: say } });
  const thrown: unknown = await sink.handle(batch(...alerts(1))).catch((error: unknown) => error);
  const all = inspect([said, thrown, sink], { depth: 10, showHidden: true });
  expect(said.length).toBeGreaterThan(0);
  expect(all).not.toContain('tokenvalue');
  expect(all).not.toContain(SECRET.slice(6, 20));
});
