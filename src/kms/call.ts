import type { Actor, Change, Decision, KeyRef, Origin } from '../events/index.ts';
import type { StateView, Write } from '../journal/index.ts';
import type { Keyring, Secret } from './crypto/index.ts';
import type { Key, Principal, Refusal } from './domain/index.ts';
import type { CompiledPolicy, ConditionFacts, GrantFacts } from './policy/index.ts';
import type { KeyStore } from './keystore/index.ts';

/** A member of a validated request. */
export type InputValue =
  string | number | boolean | Buffer | readonly unknown[] | { readonly [name: string]: unknown } | undefined;
export type Input = Readonly<Record<string, InputValue>>;

/** Who calls, as the signature proved it. */
export interface Caller {
  readonly actor: Actor;
  readonly principal: Principal;
}

/** One authenticated, validated request. */
export interface Call {
  readonly operation: string;
  readonly input: Input;
  readonly caller: Caller;
  readonly region: string;
  readonly origin: Origin;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly startedUs: number;
}

/** What an operation found out on its way, for the event; filled in as it goes, so that a refusal has it too. */
export interface Notes {
  key?: KeyRef;
  sourceKey?: KeyRef;
  decision?: Decision;
  ciphertextIn?: string;
  ciphertextOut?: string;
  cryptoUs: number;
}

/** What an operation did, to be answered once it is durable. */
export interface Done {
  readonly kind: 'done';
  readonly body: Readonly<Record<string, unknown>>;
  readonly changes: readonly Change[];
  /** Rows that no fact carries: wrapped material, sealed secrets, documents too large for an event. */
  readonly attachments: readonly Write[];
}

/** The operation may go on, but first needs a private key that takes long to make; it is then run again with it. */
export interface Needs {
  readonly kind: 'needs';
  readonly modulusBits: number;
}

export type Result = Done | { readonly kind: 'refused'; readonly refusal: Refusal } | Needs;

export const done = (
  body: Readonly<Record<string, unknown>>,
  changes: readonly Change[] = [],
  attachments: readonly Write[] = [],
): Done => ({
  kind: 'done',
  body,
  changes,
  attachments,
});
export const refused = (refusal: Refusal): Result => ({ kind: 'refused', refusal });

/** What leaves once the event is durable: the body as it goes out, or why there is none. */
export type Answer =
  { readonly body: string } | { readonly refusal: { readonly code: string; readonly message?: string } };

/** What operations are given to work with. */
export interface Tools {
  readonly state: StateView;
  readonly nowUs: number;
  readonly call: Call;
  readonly notes: Notes;
  readonly keyring: Keyring;
  readonly keyStore: KeyStore;
  /** What the operation said it needs; not its own to keep or to wipe. */
  readonly prepared?: Secret;
  /** Monotonic microseconds, to time cryptography. */
  readonly monotonicUs: () => number;
  /** Undefined when the caller may; otherwise the refusal to give. Notes the decision. `grants` stand for the caller's own. */
  readonly authorise: (
    action: string,
    resource: Key | string,
    extra?: Conditions,
    grants?: readonly GrantFacts[],
  ) => Refusal | undefined;
  /** Undefined when the caller may use a key of this spec now; otherwise the refusal to give. Asked before any cryptography. */
  readonly admit: (spec: string) => Refusal | undefined;
  /** Whether the caller could still change the policy of a key if it were this one. */
  readonly keepsCallerIn: (policy: CompiledPolicy, arn: string) => boolean;
}

/** Facts for conditions beyond those that every call has. */
export type Conditions = Omit<ConditionFacts, 'principal'>;

/** How the executor treats an operation, and what it does. */
export interface Operation {
  /** `now`: reads state only. `turn`: changes state, so it is decided in the order of the journal. */
  readonly mode: 'now' | 'turn';
  /** Whether it may answer that it needs something made first; it is asked once before its turn. */
  readonly mayNeed?: true;
  readonly run: (tools: Tools) => Result;
}
