import type { StateView } from '../journal/index.ts';
import type { Keyring } from './crypto/index.ts';
import { secretOf } from './identity.ts';

const MAX_SECRETS = 10_000;

interface Opened {
  /** The record it came from: another one under the same id means another secret. */
  readonly sealed: unknown;
  readonly bytes: Buffer;
}

/** Secret access keys that signatures are verified with, unsealed once for each record. */
export class Secrets {
  readonly #state: StateView;
  readonly #keyring: Keyring;
  readonly #opened = new Map<string, Opened>();

  constructor(state: StateView, keyring: Keyring) {
    this.#state = state;
    this.#keyring = keyring;
  }

  /** Undefined for an access key that is not, or no longer, there. */
  get(accessKeyId: string): Buffer | undefined {
    const sealed = this.#state.get('secrets', accessKeyId);
    const known = this.#opened.get(accessKeyId);
    if (known !== undefined && known.sealed === sealed) return known.bytes;
    known?.bytes.fill(0);
    this.#opened.delete(accessKeyId);
    const bytes = secretOf(this.#state, this.#keyring, accessKeyId)?.use((secret) => secret);
    if (bytes === undefined) return undefined;
    if (this.#opened.size >= MAX_SECRETS) this.#opened.clear();
    this.#opened.set(accessKeyId, { sealed, bytes });
    return bytes;
  }
}
