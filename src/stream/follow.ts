import { messageOf, type Closeable, type Log } from '../base/index.ts';
import { sleep } from './backoff.ts';
import { DEFAULT_MAX_BATCH, askPosition, deliver } from './deliver.ts';
import { Bell } from './bell.ts';
import type { Delivered, Subscription } from './event-log.ts';

const READ_RETRY_MS = 1000;

/** One topic of a log that lives on this machine: a single partition, 0. */
export interface LocalTopic {
  /** The lowest offset a reader can want; where a group without a checkpoint begins. */
  first(): number;
  /** The offset the next message will get. */
  end(): number;
  /** At most `limit` messages from `from` on, fewer where they are large. Empty only when there is nothing yet. */
  read(from: number, limit: number): readonly Delivered[];
  /** Rings after every append. */
  readonly bell: Bell;
}

/** Where groups keep the next offset they want; `save` resolves when it is durable. */
export interface Checkpoints {
  load(topic: string, group: string): number | undefined;
  save(topic: string, group: string, next: number): Promise<void>;
}

/** Who may read: the members of a group take turns, because there is one partition to share. */
export class Turns {
  readonly #taken = new Set<string>();
  readonly #bell = new Bell();

  /** Waits for the turn of a group. Undefined when the signal aborted first; else what gives the turn back. */
  async take(name: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    while (this.#taken.has(name) && !signal.aborted) await this.#bell.wait(signal);
    if (signal.aborted) return undefined;
    this.#taken.add(name);
    return () => {
      this.#taken.delete(name);
      this.#bell.ring();
    };
  }
}

/** Starts to read a local topic for one member of a group. Closing waits for the running handle and its checkpoint. */
export function follow(
  topic: LocalTopic,
  subscription: Subscription,
  checkpoints: Checkpoints,
  turns: Turns,
  log: Log,
): Closeable {
  const closing = new AbortController();
  const running = run(topic, subscription, checkpoints, turns, log, closing.signal);
  return {
    close() {
      closing.abort();
      return running;
    },
  };
}

async function run(
  topic: LocalTopic,
  to: Subscription,
  checkpoints: Checkpoints,
  turns: Turns,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const giveBack = await turns.take(`${to.topic} ${to.group}`, signal);
  if (giveBack === undefined) return;
  try {
    const wanted = await askPosition(0, to, log, signal);
    if (wanted === 'ended') return;
    let next = wanted.next ?? checkpoints.load(to.topic, to.group) ?? topic.first();
    if (next > topic.end()) {
      // The log is younger than its reader: it was restored or emptied. As Kafka does: all of it again, nothing skipped.
      log.error('stream-position-ahead', { topic: to.topic, group: to.group, wanted: next, end: topic.end() });
      next = topic.first();
    }
    while (!signal.aborted) {
      const messages = tryRead(topic, next, to, log);
      if (messages === undefined) {
        await sleep(READ_RETRY_MS, signal);
        continue;
      }
      const [first] = messages;
      const last = messages.at(-1);
      if (first === undefined || last === undefined) {
        await topic.bell.wait(signal);
        continue;
      }
      // From 0 asks for everything there is; the journal begins at 1.
      if (next > 0 && first.offset > next && next < topic.first()) {
        log.warn('stream-messages-expired', { topic: to.topic, group: to.group, from: next, to: first.offset - 1 });
      }
      const batch = { topic: to.topic, partition: 0, messages };
      // A crash between the two repeats the batch; after them nothing is owed.
      const handle = async (): Promise<void> => {
        await to.handle(batch);
        await checkpoints.save(to.topic, to.group, last.offset + 1);
      };
      if (!(await deliver(batch, { ...to, handle }, log, signal))) return;
      next = last.offset + 1;
    }
  } finally {
    giveBack();
  }
}

function tryRead(topic: LocalTopic, next: number, to: Subscription, log: Log): readonly Delivered[] | undefined {
  try {
    return topic.read(next, to.maxBatch ?? DEFAULT_MAX_BATCH);
  } catch (error) {
    log.error('stream-read-failed', { topic: to.topic, group: to.group, offset: next, reason: messageOf(error) });
    return undefined;
  }
}

/** Messages from the group's checkpoint to the end. */
export const localLag = (topic: LocalTopic, checkpoint: number | undefined): number =>
  Math.max(0, topic.end() - Math.max(checkpoint ?? topic.first(), topic.first()));
