import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Closeable } from '../../../src/base/index.ts';

export interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
}

/** How the receiver treats one request. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

export const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };

export interface Receiver extends Closeable {
  readonly port: number;
  readonly received: Received[];
  /** Consumed in order; when empty, the answer is 204. */
  readonly plan: Behaviour[];
}

/** A real HTTP server on loopback, on a port of its own. */
export async function openReceiver(tls?: { readonly key: string; readonly cert: string }): Promise<Receiver> {
  const received: Received[] = [];
  const plan: Behaviour[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString('utf8'),
        method: request.method ?? '',
        path: request.url ?? '',
        atMs: performance.now(),
      });
      (plan.shift() ?? answer(204))(response, request);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    plan,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
