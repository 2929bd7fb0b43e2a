import { WINDOW_MS } from './sigv4.ts';

const DEFAULT_CAPACITY = 100_000;

/**
 * Signatures already used, for as long as they could be used again. AWS accepts a repeat inside the window; for a call
 * that changes something that is a way to undo a decision, and SDKs sign every retry anew, so nothing honest repeats.
 *
 * Ask only with signatures that have been verified: then only an authenticated caller can fill it. When it is full the
 * oldest is forgotten, which is what AWS does with all of them.
 */
export class ReplayCache {
  /** Until when each signature must be remembered, in the order they were first used. */
  readonly #untilMs = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** True the first time an access key uses a signature, false when it comes again. */
  firstUse(
    signer: { readonly accessKeyId: string; readonly signature: string; readonly signedAtMs: number },
    nowMs: number,
  ): boolean {
    this.#forget(nowMs);
    const use = `${signer.accessKeyId}/${signer.signature}`;
    if (this.#untilMs.has(use)) return false;
    this.#untilMs.set(use, signer.signedAtMs + WINDOW_MS);
    return true;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  #forget(nowMs: number): void {
    for (const [use, untilMs] of this.#untilMs) {
      // Clocks of callers differ, so this is not quite sorted: one that stays a little longer harms nobody.
      if (untilMs >= nowMs && this.#untilMs.size < this.#capacity) return;
      this.#untilMs.delete(use);
    }
  }
}
