import { open, type Database, type RootDatabase } from 'lmdb';
import { mkdirSync } from 'node:fs';
import { OperationalError, messageOf, parseIsoMicros, type Clock, type Closeable, type Log } from '../base/index.ts';
import type { KeyEvent } from '../events/index.ts';
import type { Decide, Decided, EventDraft, Recorded } from './decision.ts';
import { encodeDraft } from './encode.ts';
import { StateStore } from './state-store.ts';
import { TABLES, type StateView, type Write } from './state.ts';

interface Waiting {
  readonly decide: Decide<unknown>;
  decided: Decided<unknown> | undefined;
  /** State stamp under which `decided` was made. */
  stamp: number;
  readonly readyUs: number;
  readonly resolve: (recorded: Recorded<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly events: readonly Buffer[];
  readonly writes: readonly Write[];
  /** The calls whose events these are, in the same order. */
  readonly kept: readonly Waiting[];
}

/** Version of the head row is the sequence number: the group is applied only if it is still the one it was decided on. */
interface Head {
  readonly format: number;
  readonly stateVersion: number;
}

export interface JournalOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once, when a commit failed and nothing may be answered any more. */
  readonly onFence?: (error: OperationalError) => void;
}

const FORMAT = 1;
const HEAD = 'head';
/** Calls in one group at most; the others wait for the next, so that one fsync never covers an unbounded batch. */
const MAX_GROUP = 1024;
const MAX_LOST_RACES = 1000;

/**
 * The journal: events, key state and wrapped material in one LMDB environment, so that one transaction and one fsync commit
 * what a group of concurrent calls did. An answer exists only after the fsync. Several processes may write: a group is applied
 * by compare-and-set on the head, and decided again where another process has changed the state meanwhile.
 */
export class Journal implements Closeable {
  readonly #env: RootDatabase;
  readonly #events: Database<Buffer, number>;
  readonly #heads: Database<Head, string>;
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onFence: (error: OperationalError) => void;

  #head = 0;
  #stateVersion = 0;
  /** Moves whenever the state may differ from what an earlier decision saw. */
  #stamp = 1;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #gathering = false;
  #fenced: OperationalError | undefined;
  #lastTimeUs = 0;
  #lastCommitUs = 0;

  /** @throws OperationalError DATA_DIRECTORY_UNUSABLE, DATA_FORMAT_UNKNOWN */
  constructor({ path, clock, log, onFence = () => undefined }: JournalOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#onFence = onFence;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      // overlappingSync off: with it on, a put whose fsync failed stays readable, so that a refused call would exist.
      this.#env = open({ path, overlappingSync: false, maxDbs: TABLES.length + 2 });
      this.#events = this.#env.openDB({ name: 'events', encoding: 'binary' });
      this.#heads = this.#env.openDB({ name: 'head', encoding: 'json', useVersions: true });
      this.#state = new StateStore(
        new Map(TABLES.map((name) => [name, this.#env.openDB<unknown, string>({ name })] as const)),
      );
    } catch (cause) {
      throw new OperationalError(
        'DATA_DIRECTORY_UNUSABLE',
        `The journal at ${path} cannot be opened: ${messageOf(cause)}. Give the service user access to it.`,
        { cause },
      );
    }
    this.#readHead();
  }

  /** The state as committed or about to be; for reading outside a decision. */
  get state(): StateView {
    return this.#state;
  }

  /** Microseconds that the last group took from its first put to the disk's word. */
  get lastCommitUs(): number {
    return this.#lastCommitUs;
  }

  /** Calls that wait for a group: the measure of overload. */
  get queueLength(): number {
    return this.#waiting.length;
  }

  /** Sequence number of the newest durable event, those of other processes included. */
  head(): number {
    return this.#heads.getEntry(HEAD)?.version ?? 0;
  }

  read(from: number, limit: number): readonly { seq: number; bytes: Buffer }[] {
    const rows = this.#events.getRange({ start: Math.max(1, from), limit });
    return [...rows].map(({ key, value }) => ({ seq: key, bytes: value }));
  }

  /**
   * Records an operation that reads state only (a use of a key): decided at once, so that its work overlaps the disk's, and decided
   * again only if the state moved before its turn came.
   *
   * @throws OperationalError JOURNAL_FENCED: whether the event is durable is unknown.
   */
  recordNow<T>(decide: Decide<T>): Promise<Recorded<T>> {
    if (this.#fenced !== undefined) return Promise.reject(this.#fenced);
    const stamp = this.#stamp;
    return this.#enqueue(decide, decide(this.#state, this.#clock.nowUs()), stamp);
  }

  /** Records an operation that changes state: decided when its turn comes, on all that was decided before it. */
  recordInTurn<T>(decide: Decide<T>): Promise<Recorded<T>> {
    if (this.#fenced !== undefined) return Promise.reject(this.#fenced);
    return this.#enqueue(decide, undefined, 0);
  }

  /** Waits for what was recorded, then closes. */
  async close(): Promise<void> {
    while (this.#flushing !== undefined || this.#waiting.length > 0) {
      await (this.#flushing ?? new Promise((resolve) => setImmediate(resolve)));
    }
    await this.#env.close();
  }

  #enqueue<T>(decide: Decide<T>, decided: Decided<T> | undefined, stamp: number): Promise<Recorded<T>> {
    const recorded = new Promise<Recorded<unknown>>((resolve, reject) => {
      this.#waiting.push({ decide, decided, stamp, readyUs: this.#clock.monotonicUs(), resolve, reject });
    });
    if (this.#flushing === undefined && !this.#gathering) {
      // One turn of the loop to gather company: requests that arrived together share an fsync.
      this.#gathering = true;
      setImmediate(() => {
        this.#gathering = false;
        this.#flushing = this.#flushAll();
      });
    }
    return recorded as Promise<Recorded<T>>;
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0 && this.#fenced === undefined) {
      const group = this.#waiting.splice(0, MAX_GROUP);
      try {
        await this.#commit(group);
      } catch (cause) {
        this.#fence(group, cause);
      }
    }
    this.#flushing = undefined;
  }

  async #commit(asked: readonly Waiting[]): Promise<void> {
    let group = asked;
    for (let races = 0; races < MAX_LOST_RACES; races += 1) {
      const base = this.#head;
      const startUs = this.#clock.monotonicUs();
      const { events, writes, kept } = this.#decideGroup(group, startUs);
      if (events.length === 0) return;
      const stateVersion = writes.length === 0 ? this.#stateVersion : this.#stateVersion + 1;
      // A crash before this resolves leaves all of the group or nothing of it; either way nobody was answered.
      const applied = await this.#heads.ifVersion(HEAD, base, () => {
        events.forEach((bytes, at) => void this.#events.put(base + 1 + at, bytes));
        this.#state.write(writes);
        void this.#heads.put(HEAD, { format: FORMAT, stateVersion }, base + events.length);
      });
      if (applied) {
        this.#lastCommitUs = this.#clock.monotonicUs() - startUs;
        this.#head = base + events.length;
        this.#stateVersion = stateVersion;
        this.#state.committed();
        kept.forEach((waiting, at) => waiting.resolve({ seq: base + 1 + at, answer: waiting.decided?.answer }));
        return;
      }
      // Those that were refused have their answer; asked again they might leave an event that nobody was told of.
      group = kept;
      this.#catchUp(writes.length > 0);
    }
    throw new Error('Bug: the journal head moved on every attempt');
  }

  #decideGroup(group: readonly Waiting[], startUs: number): Group {
    const events: Buffer[] = [];
    const writes: Write[] = [];
    const kept: Waiting[] = [];
    // Events are dated when they are ordered, so that time never runs against seq unless the clock itself is set back.
    const nowUs = this.#clock.nowUs();
    let timeUs = nowUs > this.#lastTimeUs ? nowUs : this.#lastTimeUs + 1;
    if (this.#lastTimeUs - nowUs > 1_000_000) timeUs = nowUs;
    for (const waiting of group) {
      const decided = this.#decideOne(waiting, timeUs);
      if (decided === undefined) continue;
      const seq = this.#head + 1 + events.length;
      const bytes = this.#tryEncode(waiting, decided.draft, seq, timeUs, startUs);
      if (bytes === undefined) continue;
      if (decided.writes.length > 0) {
        this.#state.apply(decided.writes);
        writes.push(...decided.writes);
        this.#stamp += 1;
        // What is in the state now was decided by this very call: were it asked again it would refuse itself.
        waiting.stamp = this.#stamp;
      }
      events.push(bytes);
      kept.push(waiting);
      timeUs += 1;
    }
    this.#lastTimeUs = timeUs - 1;
    return { events, writes, kept };
  }

  /** A decision that throws is a bug of that one call: it is told so, nothing of it is kept, and the others go on. */
  #decideOne(waiting: Waiting, timeUs: number): Decided<unknown> | undefined {
    if (waiting.decided !== undefined && waiting.stamp === this.#stamp) return waiting.decided;
    try {
      waiting.decided = waiting.decide(this.#state, timeUs);
      waiting.stamp = this.#stamp;
      return waiting.decided;
    } catch (error) {
      waiting.reject(error);
      return undefined;
    }
  }

  #tryEncode(waiting: Waiting, draft: EventDraft, seq: number, timeUs: number, flushUs: number): Buffer | undefined {
    try {
      return encodeDraft(draft, { seq, timeUs, readyUs: waiting.readyUs, flushUs, commitUs: this.#lastCommitUs });
    } catch (error) {
      waiting.reject(error);
      return undefined;
    }
  }

  /** Another process committed first. Its events have our numbers; if it changed state too, what we decided may be wrong. */
  #catchUp(hadWrites: boolean): void {
    const known = this.#stateVersion;
    this.#readHead();
    if (hadWrites || this.#stateVersion !== known) {
      this.#state.forget();
      this.#stamp += 1;
    }
  }

  #readHead(): void {
    const entry = this.#heads.getEntry(HEAD);
    if (entry === undefined) {
      // The first head is written at version 0, so that every group, the first included, has one to compare with.
      // Only if there still is none: another process may be making its first commit at this moment.
      void this.#heads.ifNoExists(HEAD, () => void this.#heads.put(HEAD, { format: FORMAT, stateVersion: 0 }, 0));
      return;
    }
    if (entry.value.format > FORMAT)
      throw new OperationalError(
        'DATA_FORMAT_UNKNOWN',
        `The journal has format ${entry.value.format}, this version reads up to ${FORMAT}; start a newer Keyledger. Nothing was changed.`,
      );
    this.#head = entry.version ?? 0;
    this.#stateVersion = entry.value.stateVersion;
    this.#lastTimeUs = Math.max(this.#lastTimeUs, this.#timeOf(this.#head));
  }

  /** When an event was dated; 0 where there is none. Ours must not be dated before it. */
  #timeOf(seq: number): number {
    const bytes = this.#events.get(seq);
    if (bytes === undefined) return 0;
    return parseIsoMicros((JSON.parse(bytes.toString('utf8')) as Pick<KeyEvent, 'time'>).time) ?? 0;
  }

  #fence(group: readonly Waiting[], cause: unknown): void {
    const error = new OperationalError(
      'JOURNAL_FENCED',
      `A commit failed (${messageOf(cause)}); whether it is on disk is unknown, so nothing more is answered. Check the disk and start again.`,
      { cause },
    );
    this.#fenced = error;
    this.#log.error('journal-fenced', { reason: messageOf(cause), waiting: group.length + this.#waiting.length });
    for (const waiting of [...group, ...this.#waiting.splice(0)]) waiting.reject(error);
    this.#onFence(error);
  }
}
