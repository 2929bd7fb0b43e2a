import { OperationalError, assert, silentLog, type Closeable, type Log } from '../base/index.ts';
import { Bell } from './bell.ts';
import type { Delivered, EventLog, Message, Subscription } from './event-log.ts';
import { Turns, follow, localLag, type Checkpoints, type LocalTopic } from './follow.ts';
import type { Topic } from '../events/index.ts';

/** What outlives a memory log: its messages and checkpoints, so that a test can close one and open the next. */
export interface MemoryStore {
  readonly messages: Map<Topic, Delivered[]>;
  readonly checkpoints: Map<string, number>;
}

export const createMemoryStore = (): MemoryStore => ({ messages: new Map(), checkpoints: new Map() });

export interface MemoryLog extends EventLog {
  /** The next `times` appends reject, before anything of theirs is kept or after all of it is. */
  failAppend(when: 'before' | 'after', times?: number): void;
}

/** The reference: the whole contract of `EventLog` with nothing behind it. For tests; forgets everything with its store. */
export function openMemoryLog({
  store = createMemoryStore(),
  log = silentLog,
}: { readonly store?: MemoryStore; readonly log?: Log } = {}): MemoryLog {
  const topics = new Map<Topic, MemoryTopic>();
  const turns = new Turns();
  const subscriptions = new Set<Closeable>();
  const failures: ('before' | 'after')[] = [];
  let open = true;

  const topicOf = (name: Topic): MemoryTopic => {
    const known = topics.get(name) ?? new MemoryTopic(store, name);
    topics.set(name, known);
    return known;
  };
  const checkpoints: Checkpoints = {
    load: (topic, group) => store.checkpoints.get(`${topic} ${group}`),
    save(topic, group, next) {
      store.checkpoints.set(`${topic} ${group}`, next);
      return Promise.resolve();
    },
  };

  return {
    async append(name, messages) {
      assert(open, 'append to a closed log');
      await Promise.resolve();
      if (messages.length === 0) return;
      const failure = failures.shift();
      if (failure !== 'before') topicOf(name).append(messages);
      if (failure !== undefined) {
        throw new OperationalError('STREAM_UNAVAILABLE', `Told to fail ${failure} it keeps`, { retryable: true });
      }
    },
    subscribe(subscription: Subscription) {
      assert(open, 'subscribe to a closed log');
      const following = follow(topicOf(subscription.topic), subscription, checkpoints, turns, log);
      subscriptions.add(following);
      return Promise.resolve(following);
    },
    lag: (topic, group) => Promise.resolve(localLag(topicOf(topic), checkpoints.load(topic, group))),
    failAppend(when, times = 1) {
      failures.push(...Array<typeof when>(times).fill(when));
    },
    async close() {
      open = false;
      await Promise.all([...subscriptions].map((following) => following.close()));
    },
  };
}

class MemoryTopic implements LocalTopic {
  readonly bell = new Bell();
  readonly #messages: Delivered[];

  constructor(store: MemoryStore, topic: Topic) {
    this.#messages = store.messages.get(topic) ?? [];
    store.messages.set(topic, this.#messages);
  }

  first(): number {
    return 0;
  }

  end(): number {
    return this.#messages.length;
  }

  read(from: number, limit: number): readonly Delivered[] {
    return this.#messages.slice(from, from + limit);
  }

  append(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.push({ ...message, offset: this.#messages.length });
    this.bell.ring();
  }
}
