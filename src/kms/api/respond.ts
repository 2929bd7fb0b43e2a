import type { ServerResponse } from 'node:http';
import type { ApiResponse } from './messages.ts';

const CONTENT_TYPE = 'application/x-amz-json-1.1';

/** Writes an answer as the AWS JSON 1.1 protocol has it. Date and Keep-Alive are Node's. */
export function respond(to: ServerResponse, answer: ApiResponse, requestId: string, last: boolean): void {
  // The caller has hung up: what was done is recorded, and there is nobody to tell.
  if (to.destroyed) return;
  const { status, body, errorType, seq } = answer;
  const headers = [
    'Content-Type',
    CONTENT_TYPE,
    'Content-Length',
    String(typeof body === 'string' ? Buffer.byteLength(body) : body.length),
    'x-amzn-RequestId',
    requestId,
  ];
  if (errorType !== undefined) headers.push('x-amzn-errortype', errorType);
  if (seq !== undefined) headers.push('x-keyledger-event', String(seq));
  if (last) headers.push('Connection', 'close');
  to.writeHead(status, headers);
  to.end(body);
}
