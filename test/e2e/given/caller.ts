import { readFileSync } from 'node:fs';
import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { sign } from '../../unit/kms/api/signed-request.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The first credentials of a data directory. */
export function firstCredentials(data: string): Credentials {
  const text = readFileSync(join(data, 'credentials'), 'utf8');
  return {
    accessKeyId: /^aws_access_key_id = (\S+)$/m.exec(text)?.[1] ?? '',
    secretAccessKey: /^aws_secret_access_key = (\S+)$/m.exec(text)?.[1] ?? '',
  };
}

/** A whole answer: every byte of it has arrived. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Empty where the body is not an object. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  /** Of the event that recorded it, as its header says. */
  readonly seq: number | undefined;
}

export interface Sent {
  readonly target?: string;
  readonly body: string;
  readonly path?: string;
  readonly method?: string;
  /** Milliseconds by which the signature is dated wrong. */
  readonly skewMs?: number;
  /** Changes the headers after they were signed. */
  readonly tamper?: (headers: Record<string, string>) => OutgoingHttpHeaders;
}

/** A light SigV4 client: it says what it is told, right or wrong, and retries nothing. */
export interface Caller {
  call(operation: string, input: unknown): Promise<Reply>;
  send(sent: Sent): Promise<Reply>;
  close(): void;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

export function openCaller(endpoint: string, { accessKeyId, secretAccessKey }: Credentials): Caller {
  const { host, hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  function headersOf({ target, body, skewMs = 0, tamper = (headers) => headers }: Sent): OutgoingHttpHeaders {
    const at = new Date(Date.now() + skewMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const headers: [string, string][] = [
      ['Host', host],
      ['Content-Type', CONTENT_TYPE],
      ['X-Amz-Date', at],
      ...(target === undefined ? [] : [['X-Amz-Target', target] satisfies [string, string]]),
    ];
    const { rawHeaders } = sign({ headers, body, at, accessKeyId, secret: secretAccessKey });
    const signed: Record<string, string> = {};
    for (let index = 0; index < rawHeaders.length; index += 2) signed[rawHeaders[index]!] = rawHeaders[index + 1]!;
    return tamper(signed);
  }

  const send = (sent: Sent): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { path = '/', method = 'POST', body } = sent;
      const outgoing = request({ agent, hostname, port, path, method, headers: headersOf(sent) }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const event = incoming.headers['x-keyledger-event'];
          resolve({
            status: incoming.statusCode ?? 0,
            body: text,
            json: objectIn(text),
            requestId: String(incoming.headers['x-amzn-requestid']),
            seq: event === undefined ? undefined : Number(event),
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  return {
    send,
    call: (operation, input) => send({ target: `TrentService.${operation}`, body: JSON.stringify(input) }),
    close: () => agent.destroy(),
  };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The answer where it must be success. */
export async function succeed(caller: Caller, operation: string, input: unknown): Promise<Reply> {
  const reply = await caller.call(operation, input);
  if (reply.status !== 200) throw new Error(`${operation} answered ${reply.status} ${reply.body}`);
  return reply;
}

/** A new key's ARN. */
export async function createKey(caller: Caller, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { json } = await succeed(caller, 'CreateKey', input);
  return (json['KeyMetadata'] as { Arn: string }).Arn;
}
