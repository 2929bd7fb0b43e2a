import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Address } from './egress.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

/** PEM: own authorities and a client certificate. Verification cannot be switched off. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Post {
  readonly url: URL;
  /** Connected to whatever the URL's name resolves to by now. */
  readonly to: Address;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly tls: TlsOptions;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * One POST. Resolves with the status once the headers are there, whatever follows them; no redirect is followed and no
 * more than 64 KiB of an answer is read. The time limit is for everything: connecting, TLS, the answer.
 *
 * @throws Error when there is no answer: refused, reset, closed, late.
 */
export function post({ url, to, headers, body, timeoutMs, signal, tls }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = {
      method: 'POST',
      // A connection of its own: a pool would be keyed by name, not by the address that was checked.
      agent: false,
      family: to.family,
      lookup: pinned(to),
      signal,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      ...tls,
    };
    const sending = send(url, options, (answer) => {
      resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] });
      discard(answer);
    });
    const late = setTimeout(() => sending.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    sending.on('close', () => {
      clearTimeout(late);
      reject(new Error('the connection closed without an answer'));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

function discard(answer: IncomingMessage): void {
  let read = 0;
  answer.on('error', () => undefined);
  answer.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > MAX_ANSWER_BYTES) answer.destroy();
  });
}

type LookupDone = (error: null, address: string | Address[], family?: number) => void;

/** `net.connect` asks for all addresses when it may try several; it gets the one that was checked either way. */
function pinned(to: Address) {
  return (_host: string, { all }: { all?: boolean | undefined }, done: LookupDone): void => {
    if (all === true) done(null, [to]);
    else done(null, to.address, to.family);
  };
}
