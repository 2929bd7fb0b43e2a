import type { Message as KafkaMessage } from 'kafkajs';
import type { OperationalError } from '../base/index.ts';

const BATCH_MESSAGES = 1000;
/** Kafka refuses a batch above 1,048,588 bytes unless told otherwise. */
const BATCH_BYTES = 900_000;
/** What a record adds to its key, value and headers at most: lengths, offset and timestamp deltas, attributes. */
const RECORD_OVERHEAD_BYTES = 32;

/** Sends one batch and resolves when it is acknowledged, however many attempts that takes. */
export type SendBatch = (messages: readonly KafkaMessage[]) => Promise<void>;

interface Waiting {
  readonly messages: readonly KafkaMessage[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One partition's line: one batch at a time, in the order of the appends. A failure fails everything that waits behind it,
 * because what was appended later must not overtake what will be appended again.
 */
export class PartitionLine {
  readonly #send: SendBatch;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(send: SendBatch) {
    this.#send = send;
  }

  append(messages: readonly KafkaMessage[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ messages, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Rejects what has not been sent; resolves when what is on its way has been answered. */
  async abandon(error: OperationalError): Promise<void> {
    const abandoned = this.#waiting;
    this.#waiting = [];
    for (const { reject } of abandoned) reject(error);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Everything that waits goes together, cut into batches that stay as they are until acknowledged.
      const together = this.#waiting;
      this.#waiting = [];
      try {
        for (const batch of cut(together.flatMap(({ messages }) => messages))) await this.#send(batch);
        for (const { resolve } of together) resolve();
      } catch (error) {
        const behind = this.#waiting;
        this.#waiting = [];
        for (const { reject } of [...together, ...behind]) reject(error);
      }
    }
    this.#running = undefined;
  }
}

function* cut(messages: readonly KafkaMessage[]): Generator<readonly KafkaMessage[]> {
  let batch: KafkaMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = sizeOf(message);
    if (batch.length >= BATCH_MESSAGES || (batch.length > 0 && bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function sizeOf({ key, value, headers }: KafkaMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  return bytes;
}
