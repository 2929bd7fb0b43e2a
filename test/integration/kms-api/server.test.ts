import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OperationalError, silentLog } from '../../../src/base/index.ts';
import { startApiServer, type ApiRequest, type ApiResponse } from '../../../src/kms/api/index.ts';
import { startEcho, type Echo } from './echo-server.ts';
import { bodyOf, exchange, openRaw, post } from './raw-socket.ts';

const CLOSE = ['Connection: close'];
const LIST_KEYS = ['X-Amz-Target: TrentService.ListKeys'];
const MAX = 256 * 1024;
const answer: ApiResponse = { status: 200, body: '{}' };

let echo: Echo;
beforeAll(async () => {
  echo = await startEcho({ limits: { headersTimeoutMs: 1_000, requestTimeoutMs: 2_000 } });
});
afterAll(() => echo.close());

describe('what is asked', () => {
  test.each([
    ['GET / HTTP/1.1', 405],
    ['GET /ping HTTP/1.1', 404],
    ['PUT / HTTP/1.1', 405],
    ['OPTIONS / HTTP/1.1', 405],
    ['POST /?X-Amz-Signature=abc HTTP/1.1', 404],
    ['POST //evil HTTP/1.1', 404],
    ['POST http://elsewhere/ HTTP/1.1', 404],
  ])('%s is answered with %i and the connection ends', async (line, status) => {
    const got = await exchange(echo.port, `${line}\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
    expect(got.statuses).toEqual([status]);
    expect(bodyOf(got)).toEqual({ __type: 'UnknownOperationException' });
  });

  test('a request nobody signed gets a JSON refusal with a request id, and no stack', async () => {
    const got = await exchange(echo.port, post('{}', [...LIST_KEYS, ...CLOSE]));
    expect(got.statuses).toEqual([400]);
    expect(got.text).toMatch(/Content-Type: application\/x-amz-json-1\.1\r\n/);
    expect(got.text).toMatch(/x-amzn-errortype: MissingAuthenticationTokenException\r\n/);
    expect(got.text).toMatch(/x-amzn-RequestId: [0-9a-f]{8}-[0-9a-f-]{27}\r\n/);
    expect(got.text).toMatch(/\r\nDate: /);
    expect(bodyOf(got)).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    });
  });

  test('what the handler gets is the bytes, the operation and where they came from', async () => {
    const body = '{"Limit": 1 }';
    await exchange(echo.port, post(body, [...LIST_KEYS, ...CLOSE, 'User-Agent: u', 'traceparent: 00-abc-def-01']));
    await exchange(
      echo.port,
      post('', ['X-Amz-Target: TrentService.Nothing', ...CLOSE, `User-Agent: ${'u'.repeat(2000)}`]),
    );
    const [known, unknown] = echo.seen.slice(-2);
    expect(known).toMatchObject({
      operation: 'ListKeys',
      ip: '127.0.0.1',
      userAgent: 'u',
      traceparent: '00-abc-def-01',
    });
    expect(known?.body.toString()).toBe(body);
    expect(unknown?.operation).toBeUndefined();
    expect(unknown?.userAgent).toHaveLength(512);
  });
});

describe('how much is asked', () => {
  test('a body of 256 KiB is read, one byte more is 413, whether declared or chunked', async () => {
    const full = await exchange(echo.port, post('a'.repeat(MAX), CLOSE));
    expect(full.statuses).toEqual([400]);
    const over = await exchange(echo.port, post('a'.repeat(MAX + 1), CLOSE));
    expect(over.statuses).toEqual([413]);
    expect(bodyOf(over)).toMatchObject({ __type: 'RequestEntityTooLargeException' });
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';
    expect((await exchange(echo.port, `${head}${chunk.repeat(4)}0\r\n\r\n`)).statuses).toEqual([400]);
    expect((await exchange(echo.port, `${head}${chunk.repeat(5)}0\r\n\r\n`)).statuses).toEqual([413]);
  });

  test('a body without end is cut off after little more than a megabyte', async () => {
    const raw = openRaw(echo.port);
    raw.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000000\r\n\r\n');
    let sent = 0;
    const pump = setInterval(() => {
      raw.write(Buffer.alloc(0x10000));
      sent += 0x10000;
    }, 2);
    const got = await raw.closed;
    clearInterval(pump);
    expect(got.statuses).toEqual([413]);
    expect(sent).toBeLessThan(8 * 1024 * 1024);
  });

  test('too many headers, and too large ones, are 431', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `X-H${index}: 1`);
    expect((await exchange(echo.port, post('{}', [...many, ...CLOSE]))).statuses).toEqual([431]);
    expect((await exchange(echo.port, post('{}', [`X-Big: ${'a'.repeat(17_000)}`]))).statuses).toEqual([431]);
  });

  test('what is no HTTP is 400 and the end', async () => {
    for (const junk of [
      '\x16\x03\x01\x02\x00',
      'hello\r\n\r\n',
      'POST / HTTP/1.1\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
    ]) {
      expect((await exchange(echo.port, junk)).statuses).toEqual([400]);
    }
    const both = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect((await exchange(echo.port, both)).statuses).toEqual([400]);
  });
});

describe('how slowly', () => {
  test('headers that never end are cut after headersTimeout', async () => {
    const raw = openRaw(echo.port);
    raw.write('POST / HTTP/1.1\r\nHost: localhost\r\n');
    const drip = setInterval(() => raw.write('X-A: 1\r\n'), 200);
    const got = await raw.closed;
    clearInterval(drip);
    expect(got.statuses).toEqual([408]);
    expect(got.afterMs).toBeLessThan(4_000);
  });

  test('a body that drips is cut after requestTimeout', async () => {
    const raw = openRaw(echo.port);
    raw.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => raw.write('a'), 200);
    const got = await raw.closed;
    clearInterval(drip);
    expect(got.statuses).toEqual([408]);
    expect(got.afterMs).toBeLessThan(5_000);
  });

  test('a connection that says nothing is cut too', async () => {
    expect((await openRaw(echo.port).closed).afterMs).toBeLessThan(4_000);
  });
});

describe('how many', () => {
  test('pipelined requests are answered in their order', async () => {
    const raw = openRaw(echo.port);
    const requests = Array.from({ length: 50 }, (_, index) => post(`{"Limit":${index}}`, LIST_KEYS));
    const before = echo.seen.length;
    raw.write(requests.join('') + post('{}', CLOSE));
    const got = await raw.closed;
    expect(got.statuses).toHaveLength(51);
    expect(echo.seen.slice(before, before + 50).map(({ body }) => body.toString())).toEqual(
      requests.map((_, index) => `{"Limit":${index}}`),
    );
    const ids = [...got.text.matchAll(/x-amzn-RequestId: (\S+)/g)].map(([, id]) => id);
    expect(ids).toEqual(echo.seen.slice(before).map(({ requestId }) => requestId));
  });

  test('requests beyond what may be in flight are throttled, and those within are answered', async () => {
    const held: (() => void)[] = [];
    const slow = await startEcho({
      limits: { maxInFlight: 2 },
      handle: () => new Promise((resolve) => held.push(() => resolve(answer))),
    });
    const first = [exchange(slow.port, post('{}', CLOSE)), exchange(slow.port, post('{}', CLOSE))];
    await expect.poll(() => held.length).toBe(2);
    expect(bodyOf(await exchange(slow.port, post('{}', CLOSE)))).toMatchObject({ __type: 'ThrottlingException' });
    for (const release of held) release();
    expect((await Promise.all(first)).map(({ statuses }) => statuses)).toEqual([[200], [200]]);
    await slow.close();
  });

  test('bodies together may not hold more than their share, and give it back', async () => {
    const small = await startEcho({ limits: { maxBufferedBytes: 10_000 } });
    const holder = openRaw(small.port);
    holder.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n${'a'.repeat(8_000)}`);
    const ask = async (): Promise<unknown> =>
      (bodyOf(await exchange(small.port, post('a'.repeat(5_000), CLOSE))) as { __type: string }).__type;
    await expect.poll(ask).toBe('ThrottlingException');
    holder.destroy();
    await expect.poll(ask).toBe('MissingAuthenticationTokenException');
    await small.close();
  });

  test('connections beyond the limit are dropped, and the others served', async () => {
    const few = await startEcho({ limits: { maxConnections: 2 } });
    const one = openRaw(few.port);
    const two = openRaw(few.port);
    for (const raw of [one, two]) {
      raw.write(post('{}', LIST_KEYS));
      await raw.until((text) => text.includes('__type'));
    }
    expect((await exchange(few.port, post('{}'))).statuses).toEqual([]);
    one.destroy();
    two.destroy();
    await few.close();
  });
});

describe('what goes wrong', () => {
  test('a handler that fails is an internal error which says nothing, and the log has no message of a bug', async () => {
    const failing = await startEcho({ handle: () => Promise.reject(new Error('canary in a bug')) });
    const got = await exchange(failing.port, post('{}', [...LIST_KEYS, ...CLOSE]));
    expect(got.statuses).toEqual([500]);
    expect(bodyOf(got)).toEqual({ __type: 'KMSInternalException' });
    const line = failing.logged.find((logged) => logged.startsWith('api-request-failed'));
    expect(line).toContain('"operation":"ListKeys"');
    expect(line).toContain('"frames"');
    expect(failing.logged.join()).not.toContain('canary');
    await failing.close();
  });

  test('a handler that throws before it promises is no different', async () => {
    const failing = await startEcho({
      handle: () => {
        throw new OperationalError('JOURNAL_FENCED', 'the journal is fenced');
      },
    });
    expect((await exchange(failing.port, post('{}', CLOSE))).statuses).toEqual([500]);
    expect(failing.logged.join()).toContain('JOURNAL_FENCED');
    await failing.close();
  });

  test('a caller who hangs up before the answer harms nobody', async () => {
    let release: (() => void) | undefined;
    const slow = await startEcho({
      handle: () => new Promise((resolve) => (release = () => resolve(answer))),
    });
    const raw = openRaw(slow.port);
    raw.write(post('{}'));
    await expect.poll(() => release !== undefined).toBe(true);
    raw.destroy();
    await raw.closed;
    release?.();
    const next = exchange(slow.port, post('{}', CLOSE));
    release = undefined;
    await expect.poll(() => release !== undefined).toBe(true);
    (release as unknown as () => void)();
    expect((await next).statuses).toEqual([200]);
    await slow.close();
  });

  test('a port that is taken is an operational error that names the setting', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const start = (on: number, host = '127.0.0.1'): Promise<unknown> =>
      startApiServer({ host, port: on, handle: () => Promise.resolve(answer), log: silentLog });
    await expect(start(port)).rejects.toMatchObject({
      name: 'OperationalError',
      code: 'PORT_IN_USE',
      message: `127.0.0.1:${port} is taken: free it, or set KEYLEDGER_API_PORT to another port`,
    });
    await expect(start(0, '192.0.2.1')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    other.close();
  });
});

describe('how it ends', () => {
  test('draining answers what is in the making, closes what is idle, and takes nothing new', async () => {
    const held: (() => void)[] = [];
    const handle = (request: ApiRequest): Promise<ApiResponse> =>
      request.operation === 'ListKeys'
        ? Promise.resolve(answer)
        : new Promise((resolve) => held.push(() => resolve(answer)));
    const draining = await startEcho({ handle });
    const silent = openRaw(draining.port);
    const idle = openRaw(draining.port);
    idle.write(post('{}', LIST_KEYS));
    await idle.until((text) => text.endsWith('{}'));
    const busy = openRaw(draining.port);
    busy.write(post('{}'));
    await expect.poll(() => held.length).toBe(1);

    const done = draining.server.drain();
    expect((await silent.closed).text).toBe('');
    expect((await idle.closed).statuses).toEqual([200]);
    expect((await exchange(draining.port, post('{}'))).statuses).toEqual([]);
    held[0]?.();
    const got = await busy.closed;
    expect(got.statuses).toEqual([200]);
    expect(got.text).toMatch(/Connection: close/);
    await done;
    await draining.server.close();
    expect(draining.logged.filter((line) => line.startsWith('api-drained'))).toHaveLength(1);
  });

  test('draining does not wait for ever', async () => {
    const stuck = await startEcho({ limits: { drainMs: 300 }, handle: () => new Promise(() => undefined) });
    const raw = openRaw(stuck.port);
    raw.write(post('{}'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    await stuck.close();
    expect(performance.now() - start).toBeLessThan(2_000);
    expect((await raw.closed).statuses).toEqual([]);
    expect(stuck.logged.join()).toContain('api-drain-cut');
  });
});
