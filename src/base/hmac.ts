import { createHmac, hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Longer messages go through createHmac: they are rare, and the scratch space belongs to every key. */
const MAX_SCRATCH_MESSAGE_BYTES = 512;

/**
 * HMAC-SHA256 (RFC 2104, FIPS 198-1) for a key that is used again and again: both padded blocks are kept, so a message costs two
 * one-shot digests and no native handle for the garbage collector. Not reentrant, which one thread never is.
 */
export class HmacSha256 {
  readonly #key: Buffer;
  readonly #inner = Buffer.alloc(BLOCK_BYTES + MAX_SCRATCH_MESSAGE_BYTES, INNER_PAD);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER_PAD);

  /** Copies the key, of at most 64 bytes: longer ones would have to be hashed first, and nobody here has one. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError('An HMAC key of more than one block');
    this.#key = Buffer.alloc(key.length);
    this.#key.set(key);
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ INNER_PAD;
      this.#outer[at] = byte ^ OUTER_PAD;
    }
  }

  digest(...parts: readonly Uint8Array[]): Buffer {
    if (!this.#digestInner(parts)) return this.#streamed(parts).digest();
    return hash('sha256', this.#outer, 'buffer');
  }

  hex(...parts: readonly Uint8Array[]): string {
    if (!this.#digestInner(parts)) return this.#streamed(parts).digest('hex');
    return hash('sha256', this.#outer, 'hex');
  }

  /** Leaves the inner digest behind the outer pad; false where the message is too long for the scratch space. */
  #digestInner(parts: readonly Uint8Array[]): boolean {
    let at = BLOCK_BYTES;
    for (const part of parts) {
      if (at + part.length > this.#inner.length) return false;
      this.#inner.set(part, at);
      at += part.length;
    }
    // Latin-1 carries every byte as one character; as a string it costs less than as a Buffer of its own.
    this.#outer.write(hash('sha256', this.#inner.subarray(0, at), 'binary'), BLOCK_BYTES, DIGEST_BYTES, 'latin1');
    return true;
  }

  #streamed(parts: readonly Uint8Array[]): ReturnType<typeof createHmac> {
    const hmac = createHmac('sha256', this.#key);
    for (const part of parts) hmac.update(part);
    return hmac;
  }
}
