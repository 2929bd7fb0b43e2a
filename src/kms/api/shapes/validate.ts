import { OPERATIONS, type Operation } from '../operations.ts';
import { refuse, type Refusal } from '../refusals.ts';
import { compile, type Check } from './compile.ts';
import type { Faults } from './constraints.ts';
import { INPUTS, type InputOf } from './inputs.ts';

export type Validated<T> = { readonly ok: true; readonly input: T } | { readonly ok: false; readonly refusal: Refusal };

const checks = Object.fromEntries(
  (Object.keys(OPERATIONS) as Operation[]).map((operation) => [operation, compile(INPUTS[operation])]),
) as Readonly<Record<Operation, Check>>;

/**
 * Checks a parsed body against the operation's input shape. Refuses with SerializationException for a value of the wrong
 * JSON type or a blob that is not base64, with ValidationException for one that breaks a constraint, in AWS's words.
 * Blobs are never repeated in a refusal. Members the table does not know are ignored.
 */
export function validateInput<O extends Operation>(operation: O, body: unknown): Validated<InputOf<O>> {
  const faults: Faults = { serialization: undefined, violations: [] };
  const input = checks[operation](body, '', faults);
  const { serialization, violations } = faults;
  if (serialization !== undefined) return { ok: false, refusal: refuse('SerializationException', serialization) };
  if (violations.length === 0) return { ok: true, input: input as InputOf<O> };
  const count = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`;
  return { ok: false, refusal: refuse('ValidationException', `${count} detected: ${violations.join('; ')}`) };
}
