import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { OperationalError, assert, messageOf, type Closeable, type Log } from '../base/index.ts';
import { TOPICS, type Topic } from '../events/index.ts';
import { Bell } from './bell.ts';
import { JournalTopic, StoredTopic } from './embedded-topics.ts';
import type { EventLog, JournalReader } from './event-log.ts';
import { Turns, follow, localLag, type Checkpoints, type LocalTopic } from './follow.ts';

export interface EmbeddedLogOptions {
  /** The pipeline's directory; the log makes `stream/` in it. One process subscribes; groups do not span processes. */
  readonly path: string;
  /** Served as `keyledger.key-events` and `keyledger.events-by-principal`. Without one those topics are empty. */
  readonly journal?: JournalReader;
  /** How often to look whether another process appended to the journal, in milliseconds (default 25). */
  readonly pollMs?: number;
  /** Messages kept per topic, the newest (default 1,000,000). The journal keeps its own. */
  readonly keep?: number;
  readonly log: Log;
}

const EMPTY_JOURNAL: JournalReader = { head: () => 0, read: () => [] };

/**
 * The event log of one machine, without a broker: each topic is one partition, durable in LMDB when `append` resolves. Events
 * are not copied: their topics are the journal itself, with `seq` for offset.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE
 */
export function openEmbeddedLog(options: EmbeddedLogOptions): EventLog {
  const { journal = EMPTY_JOURNAL, pollMs = 25, keep = 1_000_000, log } = options;
  const env = openEnvironment(join(options.path, 'stream'));
  const checkpoints = openCheckpoints(env);
  const turns = new Turns();
  const subscriptions = new Set<Closeable>();

  const ends = env.openDB<number, string>('ends', { encoding: 'ordered-binary', useVersions: true });
  const store = (topic: Topic): StoredTopic =>
    new StoredTopic(topic, { messages: env.openDB(topic, { encoding: 'binary' }), ends }, keep);
  const stored: Readonly<Partial<Record<Topic, StoredTopic>>> = {
    [TOPICS.keyState]: store(TOPICS.keyState),
    [TOPICS.findings]: store(TOPICS.findings),
    [TOPICS.alerts]: store(TOPICS.alerts),
    [TOPICS.deadLetter]: store(TOPICS.deadLetter),
  };
  const journalBell = new Bell();
  const events = new JournalTopic(journal, journalBell);
  const topicOf = (name: Topic): LocalTopic => stored[name] ?? events;
  const stopPolling = poll(journal, journalBell, pollMs, log);
  let closed: Promise<void> | undefined;

  return {
    async append(name, messages) {
      assert(closed === undefined, 'append to a closed log');
      const topic = stored[name];
      assert(topic, `${name} is the journal: nobody appends to it here`);
      if (messages.length === 0) return;
      try {
        await topic.append(messages);
      } catch (error) {
        throw new OperationalError('STREAM_UNAVAILABLE', `${name}: ${messageOf(error)}`, {
          retryable: true,
          cause: error,
        });
      }
    },
    subscribe(subscription) {
      assert(closed === undefined, 'subscribe to a closed log');
      const following = follow(topicOf(subscription.topic), subscription, checkpoints, turns, log);
      const member: Closeable = {
        async close() {
          await following.close();
          subscriptions.delete(member);
        },
      };
      subscriptions.add(member);
      return Promise.resolve(member);
    },
    lag: (name, group) => Promise.resolve(localLag(topicOf(name), checkpoints.load(name, group))),
    close() {
      closed ??= (async () => {
        stopPolling();
        await Promise.all([...subscriptions].map((member) => member.close()));
        await env.close();
      })();
      return closed;
    },
  };
}

function openEnvironment(path: string): RootDatabase {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // Without overlappingSync a commit is visible only once it is on the disk, so that nobody reads what a power cut takes.
    return open({ path, overlappingSync: false, maxDbs: 16, maxReaders: 256 });
  } catch (error) {
    throw new OperationalError('DATA_DIRECTORY_UNUSABLE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function openCheckpoints(env: RootDatabase): Checkpoints {
  const table = env.openDB<number, string>('checkpoints', { encoding: 'ordered-binary' });
  return {
    load: (topic, group) => table.get(`${topic} ${group}`),
    async save(topic, group, next) {
      await table.put(`${topic} ${group}`, next);
    },
  };
}

function poll(journal: JournalReader, bell: Bell, pollMs: number, log: Log): () => void {
  let seen = -1;
  const timer = setInterval(() => {
    try {
      const head = journal.head();
      if (head === seen) return;
      seen = head;
      bell.ring();
    } catch (error) {
      log.error('journal-unreadable', { reason: messageOf(error) });
    }
  }, pollMs);
  return () => clearInterval(timer);
}
