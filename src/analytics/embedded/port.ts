import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, OperationalError } from '../../base/index.ts';

export const HOST = '127.0.0.1';
const TRY_EVERY_MS = 100;

/**
 * The port if it is free, any free one for 0. A taken port is waited for until the deadline (Date.now()): it may still be held by the
 * server of a process that was just killed.
 *
 * @throws OperationalError PORT_IN_USE
 */
export async function freePort(port: number, deadline: number): Promise<number> {
  for (;;) {
    try {
      return await bindOnce(port);
    } catch (cause) {
      const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
      const problem = taken ? 'is taken' : `cannot be used: ${messageOf(cause)}`;
      if (!taken || Date.now() > deadline) {
        throw new OperationalError('PORT_IN_USE', `ClickHouse's port ${HOST}:${port} ${problem}`, { cause });
      }
      await sleep(TRY_EVERY_MS);
    }
  }
}

const bindOnce = (port: number): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
