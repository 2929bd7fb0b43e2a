import { connect, type Socket } from 'node:net';

/** An answer; its bytes are valid only until the handler returns. */
export interface Answer {
  readonly status: number;
  readonly seq: number | undefined;
  readonly bytes: Buffer;
  /** Where the body begins in `bytes`. */
  readonly bodyAt: number;
}

const READ_BYTES = 16_384;
const HEAD_END = '\r\n\r\n';
/** "HTTP/1.1 200" */
const STATUS_AT = 9;

/**
 * One keep-alive connection with at most one request under way: the bytes out, one answer back. It reads straight into a
 * buffer of its own, because a load generator that costs as much as the server measures itself.
 */
export class Connection {
  readonly #onAnswer: (answer: Answer) => void;
  readonly #onFailure: (reason: string) => void;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  readonly #socket: Socket;
  #held: Buffer | undefined;

  constructor(port: number, onAnswer: (answer: Answer) => void, onFailure: (reason: string) => void) {
    this.#onAnswer = onAnswer;
    this.#onFailure = onFailure;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: this.#buffer,
        callback: (length) => {
          this.#receive(this.#buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => onFailure(error.message));
    this.#socket.on('end', () => onFailure('the server closed the connection'));
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) {
      this.#held = Buffer.from(bytes);
      return;
    }
    const head = bytes.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#onFailure('an answer without Content-Length');
      return;
    }
    const bodyAt = headEnd + HEAD_END.length;
    const missing = bodyAt + Number(length) - bytes.length;
    if (missing > 0) {
      this.#held = Buffer.from(bytes);
      return;
    }
    this.#held = undefined;
    const seq = /\r\nx-keyledger-event: *(\d+)/i.exec(head)?.[1];
    const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
    this.#onAnswer({ status, seq: seq === undefined ? undefined : Number(seq), bytes, bodyAt });
  }
}
