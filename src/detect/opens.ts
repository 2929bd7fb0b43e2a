import type { KeyEvent, KeyRef } from '../events/index.ts';

/**
 * The key under which this event opened a ciphertext for its caller: Decrypt, and the source side of ReEncrypt.
 * Undefined for everything else; an attempt that failed opened nothing.
 */
export function openedKey(event: KeyEvent): KeyRef | undefined {
  if (event.outcome !== 'success') return undefined;
  if (event.operation === 'Decrypt') return event.key;
  if (event.operation === 'ReEncrypt') return event.sourceKey ?? event.key;
  return undefined;
}
