import type { KeyObject } from 'node:crypto';
import { currentMaterial, type Key } from '../domain/index.ts';
import type { Tools } from '../call.ts';
import { keyRef } from '../find-key.ts';

/** The material of a key that does not rotate, noted for the event; undefined where it has been destroyed. */
export function materialOf(tools: Tools, key: Key): KeyObject | undefined {
  const { version } = currentMaterial(key);
  tools.notes.key = keyRef(key, version, tools.notes.key?.alias);
  return tools.keyStore.backingKey(tools.state, key.arn, version, key.spec);
}
