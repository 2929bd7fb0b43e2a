import type { IncomingMessage } from 'node:http';

/** Bytes that all bodies together may hold. */
export interface Budget {
  readonly maxBytes: number;
  usedBytes: number;
}

export type BodyOutcome = 'too-large' | 'too-much-at-once' | 'cut-off' | Buffer;

/**
 * How much of an oversized body is read and thrown away. A client that is still sending when the connection is closed
 * sees a reset instead of the answer, so the answer waits for its last byte; up to here.
 */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/**
 * Reads a body of at most `maxBytes`, counted as they come, whatever Content-Length says. `done` is called exactly once. The bytes are
 * charged to `budget` until the caller gives them back.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: Budget,
  done: (outcome: BodyOutcome) => void,
): void {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let refused: 'too-large' | 'too-much-at-once' | undefined;
  let finished = false;
  const finish = (outcome: BodyOutcome): void => {
    if (finished) return;
    finished = true;
    if (!Buffer.isBuffer(outcome)) release();
    done(outcome);
  };
  const release = (): void => {
    for (const chunk of chunks) budget.usedBytes -= chunk.length;
    chunks = [];
  };
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) refused = 'too-large';
    else if (budget.usedBytes + chunk.length > budget.maxBytes) refused ??= 'too-much-at-once';
    if (refused === undefined) {
      budget.usedBytes += chunk.length;
      chunks.push(chunk);
      return;
    }
    release();
    if (sizeBytes > maxBytes + MAX_DISCARDED_BYTES) finish(refused);
  });
  request.on('end', () => {
    const [only] = chunks;
    finish(refused ?? (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, sizeBytes)));
  });
  // After 'end' these say nothing new; before it they mean that the rest will not come.
  request.on('error', () => finish('cut-off'));
  request.on('close', () => finish('cut-off'));
}
