import { setTimeout as delay } from 'node:timers/promises';
import type { Caller, Reply } from './caller.ts';

export interface Answered extends Reply {
  readonly operation: string;
  /** Milliseconds since the load began. */
  readonly atMs: number;
}

/** Callers that keep calling, whatever happens to the service. */
export interface Load {
  /** Every whole answer so far, refusals included. */
  readonly answered: readonly Answered[];
  /** Calls whose answer never came: what became of them nobody knows. */
  unanswered(): number;
  stop(): Promise<void>;
}

const AFTER_A_BROKEN_CALL_MS = 10;

/**
 * Encrypt, Decrypt, GenerateDataKey, a tag now and then and a refusal now and then, each with something of its own in it.
 * `pauseMs` between the calls of one worker keeps the number of events in bounds.
 */
export function startLoad(caller: Caller, key: string, { workers = 8, pauseMs = 0 } = {}): Load {
  const answered: Answered[] = [];
  const began = performance.now();
  let unanswered = 0;
  let stopped = false;

  async function once(operation: string, input: unknown): Promise<Reply | undefined> {
    try {
      const reply = await caller.call(operation, input);
      answered.push({ ...reply, operation, atMs: performance.now() - began });
      return reply;
    } catch {
      unanswered += 1;
      await delay(AFTER_A_BROKEN_CALL_MS);
      return undefined;
    }
  }

  async function work(worker: number): Promise<void> {
    for (let turn = 0; !stopped; turn += 1) {
      const EncryptionContext = { worker: String(worker), turn: String(turn) };
      const Plaintext = Buffer.from(`${worker} ${turn}`).toString('base64');
      const sealed = await once('Encrypt', { KeyId: key, Plaintext, EncryptionContext });
      const CiphertextBlob = sealed?.json['CiphertextBlob'];
      if (CiphertextBlob !== undefined) await once('Decrypt', { CiphertextBlob, EncryptionContext });
      await once('GenerateDataKey', { KeyId: key, KeySpec: 'AES_256', EncryptionContext });
      if (turn % 10 === 3) await once('Decrypt', { CiphertextBlob: Plaintext });
      if (turn % 10 === 7)
        await once('TagResource', { KeyId: key, Tags: [{ TagKey: `w${worker}`, TagValue: String(turn) }] });
      if (pauseMs > 0) await delay(pauseMs);
    }
  }

  const working = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return {
    answered,
    unanswered: () => unanswered,
    stop: async () => {
      stopped = true;
      await working;
    },
  };
}
