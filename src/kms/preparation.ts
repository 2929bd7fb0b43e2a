import { generateRsa, type Secret } from './crypto/index.ts';

/** Of the four threads that Node has for such work two stay free: the journal's commits need one. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 16;

/** Makes RSA keys on other threads, a few at once: looking for primes takes from a tenth of a second to several seconds. */
export class RsaWorkshop {
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  /** A private key for its asker to wipe; undefined where too many wait already. */
  make(modulusBits: number): Promise<Secret> | undefined {
    if (this.#busy >= MAX_AT_ONCE && this.#waiting.length >= MAX_WAITING) return undefined;
    return this.#inTurn(modulusBits);
  }

  async #inTurn(modulusBits: number): Promise<Secret> {
    if (this.#busy < MAX_AT_ONCE) this.#busy += 1;
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    try {
      return await generateRsa(modulusBits);
    } finally {
      // Whoever is next takes over the place, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }
}
