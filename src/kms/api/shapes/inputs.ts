import type { Operation } from '../operations.ts';
import { CRYPTOGRAPHY } from './cryptography.ts';
import { CUSTOM_KEY_STORES } from './custom-key-stores.ts';
import { GRANTS } from './grants.ts';
import { KEY_LIFE } from './key-life.ts';
import { POLICY_AND_NAMES } from './policy-and-names.ts';
import { ROTATION_AND_IMPORT } from './rotation-and-import.ts';
import type { Decoded, StructureShape } from './shape.ts';

/** The input of every operation. */
export const INPUTS = {
  ...KEY_LIFE,
  ...POLICY_AND_NAMES,
  ...GRANTS,
  ...ROTATION_AND_IMPORT,
  ...CRYPTOGRAPHY,
  ...CUSTOM_KEY_STORES,
} satisfies Readonly<Record<Operation, StructureShape>>;

/** An operation's input after validation: blobs are bytes, absent members are absent. */
export type InputOf<O extends Operation> = Decoded<(typeof INPUTS)[O]>;
