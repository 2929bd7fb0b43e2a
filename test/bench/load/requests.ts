import { randomBytes } from 'node:crypto';
import type { BenchOperation } from '../options.ts';
import { ALIASES, CALLERS, REGION, contextOf } from './company.ts';
import { signedRequest, type AccessKey } from './sign.ts';

/** Different bodies that take turns. */
export const DISTINCT = 512;
const RESIGN_AFTER_MS = 5_000;
const PLAINTEXT_BYTES = 32;

interface Prepared {
  readonly body: string;
  readonly key: AccessKey;
  /** What an answer of 200 has to contain. */
  readonly expected: Buffer;
  request: Buffer;
  signedAtMs: number;
}

/** Requests of one operation, each body signed anew when its signature is a few seconds old. */
export class Requests {
  readonly #operation: BenchOperation;
  readonly #host: string;
  readonly #prepared: readonly Prepared[];
  readonly #resignAfterMs: number;
  #turn = 0;
  #signed = 0;

  constructor(operation: BenchOperation, port: number, ciphertexts: readonly Ciphertext[], signEach: boolean) {
    this.#operation = operation;
    this.#host = `127.0.0.1:${port}`;
    this.#resignAfterMs = signEach ? -1 : RESIGN_AFTER_MS;
    this.#prepared = Array.from({ length: DISTINCT }, (_, at) => {
      const { body, expected } = bodyOf(operation, at, ciphertexts);
      return { body, expected: Buffer.from(expected), key: keyOf(at), request: Buffer.alloc(0), signedAtMs: -Infinity };
    });
  }

  /** Signatures made so far. */
  get signed(): number {
    return this.#signed;
  }

  next(nowMs: number): { readonly request: Buffer; readonly expected: Buffer } {
    const prepared = this.#prepared[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#prepared.length;
    if (nowMs - prepared.signedAtMs > this.#resignAfterMs) {
      const { body, key } = prepared;
      const unsigned = { host: this.#host, operation: this.#operation, body, region: REGION, key };
      prepared.request = signedRequest(unsigned, Date.now());
      prepared.signedAtMs = nowMs;
      this.#signed += 1;
    }
    return prepared;
  }
}

/** What the server itself encrypted before a run of Decrypt. */
export interface Ciphertext {
  readonly blob: string;
  /** Base64. */
  readonly plaintext: string;
}

export const keyOf = (at: number): AccessKey => CALLERS[at % CALLERS.length]!.key;

const aliasOf = (at: number): string => ALIASES[at % ALIASES.length]!;

function bodyOf(
  operation: BenchOperation,
  at: number,
  ciphertexts: readonly Ciphertext[],
): { body: string; expected: string } {
  const EncryptionContext = contextOf(at);
  const KeyId = aliasOf(at);
  switch (operation) {
    case 'Encrypt': {
      const Plaintext = randomBytes(PLAINTEXT_BYTES).toString('base64');
      return { body: JSON.stringify({ KeyId, Plaintext, EncryptionContext }), expected: '"CiphertextBlob":"' };
    }
    case 'GenerateDataKey':
      return { body: JSON.stringify({ KeyId, KeySpec: 'AES_256', EncryptionContext }), expected: '"Plaintext":"' };
    case 'Decrypt': {
      const { blob, plaintext } = ciphertexts[at]!;
      return {
        body: JSON.stringify({ CiphertextBlob: blob, EncryptionContext }),
        expected: `"Plaintext":"${plaintext}"`,
      };
    }
  }
}

/** Lets the server encrypt what Decrypt will ask for. */
export async function makeCiphertexts(port: number): Promise<readonly Ciphertext[]> {
  const made: Ciphertext[] = [];
  for (let at = 0; at < DISTINCT; at += 1) {
    const plaintext = randomBytes(PLAINTEXT_BYTES).toString('base64');
    const body = JSON.stringify({ KeyId: aliasOf(at), Plaintext: plaintext, EncryptionContext: contextOf(at) });
    const answer = await call(port, 'Encrypt', body, keyOf(at));
    made.push({ blob: (answer as { CiphertextBlob: string }).CiphertextBlob, plaintext });
  }
  return made;
}

/** One call outside any measurement. */
export async function call(port: number, operation: string, body: string, key: AccessKey): Promise<unknown> {
  const host = `127.0.0.1:${port}`;
  const text = signedRequest({ host, operation, body, region: REGION, key }, Date.now()).toString('latin1');
  const headers = text
    .slice(0, text.indexOf('\r\n\r\n'))
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
    .filter(([name]) => name !== 'Host' && name !== 'Content-Length');
  const answer = await fetch(`http://${host}/`, { method: 'POST', headers, body });
  const said = await answer.text();
  if (answer.status !== 200) throw new Error(`${operation} was answered with ${answer.status}: ${said.slice(0, 200)}`);
  return JSON.parse(said);
}
