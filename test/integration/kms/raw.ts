import { createHash } from 'node:crypto';
import { parseKeyEvent, type KeyEvent } from '../../../src/events/index.ts';
import { sign } from '../../unit/kms/api/signed-request.ts';
import { bodyOf, exchange } from '../kms-api/raw-socket.ts';
import { REGION, type Given } from './given.ts';

export interface RawAnswer {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly seq: number | undefined;
  /** Everything that came back. */
  readonly text: string;
}

export interface RawRequest {
  readonly operation: string;
  readonly body: string | Buffer;
  readonly accessKeyId?: string;
  readonly secret?: string;
  /** Milliseconds that the caller's clock is ahead. */
  readonly aheadMs?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** A request that no SDK would make, signed by hand as the account's root, as bytes. */
export async function rawRequest(given: Given, request: RawRequest): Promise<Buffer> {
  const own = await given.root.config.credentials();
  const body = Buffer.from(request.body);
  const at = new Date(Date.now() + (request.aheadMs ?? 0)).toISOString().replace(/[-:]|\.\d+/g, '');
  const { rawHeaders } = sign({
    headers: [
      ['Host', 'localhost'],
      ['Content-Type', 'application/x-amz-json-1.1'],
      ['X-Amz-Target', `TrentService.${request.operation}`],
      ['X-Amz-Date', at],
      ...(request.headers ?? []),
    ],
    payloadHash: createHash('sha256').update(body).digest('hex'),
    accessKeyId: request.accessKeyId ?? own.accessKeyId,
    secret: request.secret ?? own.secretAccessKey,
    at,
    region: REGION,
  });
  const lines = ['POST / HTTP/1.1', `Content-Length: ${String(body.length)}`, 'Connection: close'];
  for (let index = 0; index < rawHeaders.length; index += 2)
    lines.push(`${rawHeaders[index] ?? ''}: ${rawHeaders[index + 1] ?? ''}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

export async function sendRaw(given: Given, request: RawRequest): Promise<RawAnswer> {
  return answerOf(given, await rawRequest(given, request));
}

/** Sends bytes as they are and reads the answer. */
export async function answerOf(given: Given, bytes: Buffer): Promise<RawAnswer> {
  const answer = await exchange(Number(new URL(given.endpoint).port), bytes);
  const seq = /x-keyledger-event: (\d+)/i.exec(answer.text)?.[1];
  const { __type: code, message } = bodyOf(answer) as { __type?: string; message?: string };
  return {
    status: answer.statuses[0] ?? 0,
    code,
    message,
    seq: seq === undefined ? undefined : Number(seq),
    text: answer.text,
  };
}

/** The event at a position. */
export function eventAt(given: Given, seq: number | undefined): KeyEvent {
  const [row] = seq === undefined ? [] : given.vault.journal.read(seq, 1);
  const parsed = row === undefined ? undefined : parseKeyEvent(row.bytes);
  if (parsed?.ok !== true) throw new Error(`no event at ${String(seq)}`);
  return parsed.value;
}
