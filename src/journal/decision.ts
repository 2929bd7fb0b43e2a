import type { KeyEvent } from '../events/index.ts';
import type { StateView, Write } from './state.ts';

/** Everything of an event that its decision knows; the journal adds identity, position, time and timing. */
export interface EventDraft extends Omit<KeyEvent, 'v' | 'id' | 'seq' | 'time' | 'timing'> {
  /** Monotonic microseconds at which the request arrived, and what its cryptography took. */
  readonly startedUs: number;
  readonly cryptoUs: number;
}

/** What a decision wants: one event, the rows that change with it, and the answer that leaves once both are durable. */
export interface Decided<T> {
  readonly draft: EventDraft;
  readonly writes: readonly Write[];
  readonly answer: T;
}

export interface Recorded<T> {
  readonly seq: number;
  readonly answer: T;
}

/** Decides on the state as it is. It may be called again when the state has moved on, so it must do nothing but decide. */
export type Decide<T> = (state: StateView, nowUs: number) => Decided<T>;
