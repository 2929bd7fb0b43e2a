import { connect } from 'node:net';

export interface RawAnswer {
  /** Status lines in the order they came. */
  readonly statuses: readonly number[];
  readonly text: string;
  readonly afterMs: number;
}

export interface Raw {
  write(text: string | Buffer): void;
  /** Resolves when the other side has closed, or cut, the connection. */
  readonly closed: Promise<RawAnswer>;
  /** Resolves once what came satisfies `wanted`. */
  until(wanted: (text: string) => boolean): Promise<string>;
  destroy(): void;
}

/** A connection without any HTTP client's manners. */
export function openRaw(port: number): Raw {
  const start = performance.now();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (const look of waiting) look();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<RawAnswer>((resolve) => {
    socket.on('close', () => {
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, text, afterMs: performance.now() - start });
    });
  });
  return {
    write: (data) => void socket.write(data),
    closed,
    until: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!wanted(text)) return;
          waiting.delete(look);
          resolve(text);
        };
        waiting.add(look);
        look();
      }),
    destroy: () => void socket.destroy(),
  };
}

export const post = (body: string | Buffer, headers: readonly string[] = []): string =>
  [
    'POST / HTTP/1.1',
    'Host: localhost',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    String(body),
  ].join('\r\n');

/** Sends one request, asks for the connection to be closed after it, and reads all there is. */
export function exchange(port: number, request: string | Buffer): Promise<RawAnswer> {
  const raw = openRaw(port);
  raw.write(request);
  return raw.closed;
}

/** The JSON body of the last answer. */
export const bodyOf = ({ text }: RawAnswer): unknown => JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n') + 4));
