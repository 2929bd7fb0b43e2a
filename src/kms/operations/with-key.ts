import {
  SYMMETRIC,
  algorithmsOf,
  refuseByState,
  refusal,
  type Key,
  type Refusal,
  type StateRule,
} from '../domain/index.ts';
import { refused, type Conditions, type Operation, type Result, type Tools } from '../call.ts';
import { findKey, keyRef } from '../find-key.ts';

export const DRY_RUN = refusal(
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
);

export interface KeyOperation {
  readonly mode: Operation['mode'];
  readonly mayNeed?: true;
  readonly rule: StateRule;
  /** Member that names the key; `KeyId` unless said. */
  readonly member?: string;
  /** Keys may be named only by id or key ARN, as for most operations that change a key. */
  readonly noAlias?: boolean;
  readonly usage?: string;
  readonly conditions?: (tools: Tools) => Conditions;
  /** What the operation itself refuses, asked in a dry run too. */
  readonly check?: (tools: Tools, key: Key) => Refusal | undefined;
  readonly run: (tools: Tools, key: Key) => Result;
}

/** The order in which AWS refuses: no such key, not authorised, wrong usage, wrong state; then the operation itself. */
export const withKey = ({
  mode,
  rule,
  member = 'KeyId',
  noAlias = false,
  usage,
  conditions,
  check,
  mayNeed,
  run,
}: KeyOperation): Operation => ({
  mode,
  ...(mayNeed === undefined ? {} : { mayNeed }),
  run: (tools) => {
    const identifier = tools.call.input[member];
    const found = openKey(tools, typeof identifier === 'string' ? identifier : '', { noAlias });
    if (found.kind !== 'found') return found.result;
    const { key } = found;
    const denied = tools.authorise(`kms:${tools.call.operation}`, key, conditions?.(tools));
    if (denied !== undefined) return refused(denied);
    const wrong = refuseByUsage(key, usage, tools.call.operation) ?? refuseByState(key, rule) ?? check?.(tools, key);
    if (wrong !== undefined) return refused(wrong);
    if (tools.call.input['DryRun'] === true) return refused(DRY_RUN);
    const throttled = rule === 'use' ? tools.admit(key.spec) : undefined;
    if (throttled !== undefined) return refused(throttled);
    return run(tools, key);
  },
});

type Opened = { readonly kind: 'found'; readonly key: Key } | { readonly kind: 'missing'; readonly result: Result };

export interface KeyQuestion {
  /** Permission that is asked for; that of the operation's own name unless said. */
  readonly action?: string;
  readonly noAlias?: boolean;
}

/** Finds a key and notes it for the event. Another account's absent key is refused exactly like one that the caller may not use. */
export function openKey(tools: Tools, identifier: string, { action, noAlias = false }: KeyQuestion = {}): Opened {
  const { call, notes, state } = tools;
  if (noAlias && (identifier.startsWith('alias/') || identifier.includes(':alias/')))
    return { kind: 'missing', result: refused(refusal('NotFoundException', `Invalid keyId '${identifier}'`)) };
  const found = findKey(state, call.region, call.caller.actor.account, identifier);
  if (found.kind === 'absent') {
    const denied = found.foreign ? tools.authorise(action ?? `kms:${call.operation}`, found.arn) : undefined;
    return { kind: 'missing', result: refused(denied ?? found.refusal) };
  }
  notes.key = keyRef(found.key, undefined, found.alias);
  return found;
}

export function refuseByUsage(key: Key, usage: string | undefined, operation: string): Refusal | undefined {
  if (usage === undefined || key.usage === usage) return undefined;
  return refusal(
    'InvalidKeyUsageException',
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
  );
}

/** Whether a key's material can do what an algorithm asks for. */
export function refuseIncompatible(key: Key, algorithm: string): Refusal | undefined {
  if (algorithmsOf(key.spec, key.usage).includes(algorithm)) return undefined;
  return refusal('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** For operations that only symmetric encryption keys know, such as rotation. */
export function refuseUnlessSymmetric(key: Key): Refusal | undefined {
  if (key.spec === SYMMETRIC) return undefined;
  return refusal(
    'UnsupportedOperationException',
    `${key.arn} key spec is ${key.spec} which is not valid for this operation.`,
  );
}
