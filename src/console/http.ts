import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperationalError, messageOf, type Closeable, type Log } from '../base/index.ts';

export type Handler = (request: Request) => Promise<Response>;

export interface HttpServer extends Closeable {
  readonly port: number;
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Serves a handler over HTTP: GET and HEAD without a body, nothing else.
 *
 * @throws OperationalError PORT_IN_USE
 */
export async function startHttp(options: {
  host: string;
  port: number;
  setting: string;
  log: Log;
  handle: Handler;
}): Promise<HttpServer> {
  const { host, port, setting, log, handle } = options;
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 16_384 },
    (message, response) => {
      answer(message, handle)
        .catch((error: unknown) => {
          log.error('console-request-failed', { reason: messageOf(error) });
          return new Response('The console failed; see the log.\n', { status: 500 });
        })
        .then(async (answered) => {
          response.writeHead(answered.status, { ...SECURITY_HEADERS, ...Object.fromEntries(answered.headers) });
          response.end(message.method === 'HEAD' ? undefined : Buffer.from(await answered.arrayBuffer()));
        })
        .catch((error: unknown) => {
          log.error('console-answer-failed', { reason: messageOf(error) });
          response.destroy();
        });
    },
  );
  await listen(server, host, port, setting);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(message: IncomingMessage, handle: Handler): Promise<Response> {
  const { method = 'GET', url = '/' } = message;
  if (method !== 'GET' && method !== 'HEAD')
    return Promise.resolve(new Response('Only GET and HEAD.\n', { status: 405, headers: { allow: 'GET, HEAD' } }));
  // The Host header is the client's word: it must not reach a URL that anything trusts.
  if (!url.startsWith('/')) return Promise.resolve(new Response('Not found.\n', { status: 404 }));
  return handle(new Request(new URL(`http://console.invalid${url}`), { method }));
}

const listen = (server: Server, host: string, port: number, setting: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new OperationalError(
          taken ? 'PORT_IN_USE' : 'CONFIG_INVALID',
          `${taken ? 'Port' : 'Address'} ${host}:${port} ${taken ? 'is taken' : 'cannot be listened on'}; stop what uses it, or set ${setting}.`,
          { cause },
        ),
      );
    });
    server.listen(port, host, () => resolve());
  });
