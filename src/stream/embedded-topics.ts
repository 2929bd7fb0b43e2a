import type { Database } from 'lmdb';
import { OperationalError } from '../base/index.ts';
import { Bell } from './bell.ts';
import { decodeFrame, encodeFrame } from './embedded-frame.ts';
import type { Delivered, JournalReader, Message } from './event-log.ts';
import type { LocalTopic } from './follow.ts';

/** A batch stops growing here, so that large values cannot fill the memory of a reader. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** How many expired messages one append may remove beyond its own number, where the bound was lowered. */
const EXTRA_EXPIRED = 1000;

/** Where the messages of one topic are, and the offset that follows the last: its value, and one more as its version. */
export interface TopicTables {
  readonly messages: Database<Buffer, number>;
  readonly ends: Database<number, string>;
}

/** Messages in LMDB by offset, the newest `keep` of them. */
export class StoredTopic implements LocalTopic {
  readonly bell = new Bell();
  readonly #name: string;
  readonly #tables: TopicTables;
  readonly #keep: number;
  #first: number;
  /** Where the next append goes; ahead of the disk by what is being committed. */
  #end: number;

  constructor(name: string, tables: TopicTables, keep: number) {
    this.#name = name;
    this.#tables = tables;
    this.#keep = keep;
    this.#end = this.end();
    this.#first = [...tables.messages.getKeys({ limit: 1 })][0] ?? this.#end;
  }

  first(): number {
    return this.#first;
  }

  end(): number {
    return this.#tables.ends.get(this.#name) ?? 0;
  }

  read(from: number, limit: number): readonly Delivered[] {
    const messages: Delivered[] = [];
    let bytes = 0;
    for (const { key: offset, value } of this.#tables.messages.getRange({ start: from, limit })) {
      messages.push({ ...decodeFrame(value), offset });
      if ((bytes += value.length) >= MAX_BATCH_BYTES) break;
    }
    return messages;
  }

  /** Resolves when durable; a rejection leaves all of it or nothing. Appends commit in the order of their calls. */
  async append(messages: readonly Message[]): Promise<void> {
    const frames = messages.map(encodeFrame);
    // Refused only where the end is not what we thought: an earlier commit failed, or another process appended.
    while (!(await this.#commit(frames))) this.#end = this.end();
    this.bell.ring();
  }

  async #commit(frames: readonly Buffer[]): Promise<boolean> {
    const { messages, ends } = this.#tables;
    const from = this.#end;
    const first = this.#first;
    const end = from + frames.length;
    const expireTo = Math.min(Math.max(first, end - this.#keep), first + frames.length + EXTRA_EXPIRED);
    const write = (): void => {
      frames.forEach((frame, at) => void messages.put(from + at, frame));
      for (let offset = first; offset < expireTo; offset += 1) void messages.remove(offset);
      void ends.put(this.#name, end, end + 1);
    };
    this.#end = end;
    const kept = from === 0 ? ends.ifNoExists(this.#name, write) : ends.ifVersion(this.#name, from + 1, write);
    this.#first = expireTo;
    return kept;
  }
}

/** The journal, read where it lies: offset is `seq`, there is no key, and nobody appends here. */
export class JournalTopic implements LocalTopic {
  readonly bell: Bell;
  readonly #journal: JournalReader;

  constructor(journal: JournalReader, bell: Bell) {
    this.#journal = journal;
    this.bell = bell;
  }

  first(): number {
    return 1;
  }

  end(): number {
    return this.#journal.head() + 1;
  }

  read(from: number, limit: number): readonly Delivered[] {
    const wanted = Math.max(from, 1);
    const entries = this.#journal.read(wanted, limit);
    const seqs = entries[0]?.seq;
    if (seqs !== undefined && seqs !== wanted) {
      throw new OperationalError('STREAM_GAP', `The journal has ${seqs} where ${wanted} was wanted`);
    }
    return entries.map(({ seq, bytes }) => ({ key: '', value: bytes, headers: { seq: String(seq) }, offset: seq }));
  }
}
