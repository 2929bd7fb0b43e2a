import { inspect } from 'node:util';
import { createSecretKey, type KeyObject } from 'node:crypto';

/**
 * Key bytes or plaintext on their way through. Prints as `[secret]` wherever it is logged, templated or serialised.
 * The bytes lie outside Node's shared buffer pool, so that `wipe` clears the only copy this process made on purpose.
 */
export class Secret {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes over bytes that nobody else keeps. */
  static own(bytes: Buffer): Secret {
    return new Secret(bytes);
  }

  static copyOf(bytes: Uint8Array): Secret {
    const copy = Buffer.alloc(bytes.length);
    copy.set(bytes);
    return new Secret(copy);
  }

  /** Lends the bytes for the length of a call. */
  use<T>(borrow: (bytes: Buffer) => T): T {
    return borrow(this.#bytes);
  }

  toKeyObject(): KeyObject {
    return createSecretKey(this.#bytes);
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
