import { createHmac, randomBytes, type BinaryLike } from 'node:crypto';

const hmac = (key: BinaryLike, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** What a signing key belongs to. */
export interface Scope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** The signing key of SigV4: four HMACs, from the secret down to `aws4_request`. */
export function deriveSigningKey(secret: Buffer, { date, region, service }: Scope): Buffer {
  const prefixed = Buffer.alloc(4 + secret.length);
  prefixed.write('AWS4', 'latin1');
  secret.copy(prefixed, 4);
  const key = hmac(hmac(hmac(hmac(prefixed, date), region), service), 'aws4_request');
  prefixed.fill(0);
  return key;
}

/** Stands in for the secret of an access key nobody has, so that refusing it costs the same. */
export const NOBODY: Buffer = randomBytes(40);

interface Entry {
  readonly secret: Buffer;
  readonly key: Buffer;
}

const DEFAULT_CAPACITY = 4096;

/**
 * Signing keys that have verified a signature, by credential (access key id, date, region, service). Bounded: the oldest
 * leaves first, so yesterday's go by themselves. A secret that has changed misses.
 */
export class SigningKeyCache {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  get(credential: string, secret: Buffer): Buffer | undefined {
    const entry = this.#entries.get(credential);
    return entry !== undefined && (entry.secret === secret || entry.secret.equals(secret)) ? entry.key : undefined;
  }

  set(credential: string, secret: Buffer, key: Buffer): void {
    this.#entries.delete(credential);
    this.#entries.set(credential, { secret, key });
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  get size(): number {
    return this.#entries.size;
  }
}
