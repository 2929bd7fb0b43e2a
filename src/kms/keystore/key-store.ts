import type { KeyObject } from 'node:crypto';
import type { StateView, Write } from '../../journal/index.ts';
import { generateMaterial, keyObjectOf, type Keyring, type Secret } from '../crypto/index.ts';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
/** Unwrapped keys kept in memory. A symmetric one costs about 300 bytes, an RSA one a few thousand. */
const MAX_CACHED_KEYS = 50_000;

/** New key material: its public id and the row that keeps it wrapped. */
export interface FreshMaterial {
  readonly materialId: string;
  readonly write: Write;
}

const placeOf = (keyArn: string, version: number): string => `${keyArn}#${String(version)}`;

/** Backing keys in software: wrapped by the keyring beside the journal, unwrapped only here. */
export class KeyStore {
  readonly #keyring: Keyring;
  readonly #unwrapped = new Map<string, KeyObject>();

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** Makes material of a spec, not an RSA one. Nothing is kept until the returned row is committed with the event that announces it. */
  create(keyArn: string, version: number, spec = SYMMETRIC): FreshMaterial {
    const secret = generateMaterial(spec);
    try {
      return this.keep(keyArn, version, secret);
    } finally {
      secret.wipe();
    }
  }

  /** Wraps material that was made elsewhere; it stays the caller's to wipe. */
  keep(keyArn: string, version: number, secret: Secret): FreshMaterial {
    const place = placeOf(keyArn, version);
    const wrapped = this.#keyring.wrap(place, secret);
    const materialId = this.#keyring.materialId(keyArn, secret);
    return { materialId, write: { table: 'material', key: place, value: wrapped } };
  }

  /**
   * The backing key of one version; undefined where it has been destroyed.
   *
   * @throws OperationalError KEY_MATERIAL_CORRUPT
   */
  backingKey(state: StateView, keyArn: string, version: number, spec = SYMMETRIC): KeyObject | undefined {
    const place = placeOf(keyArn, version);
    const known = this.#unwrapped.get(place);
    if (known !== undefined) return known;
    const wrapped = state.get('material', place);
    if (!(wrapped instanceof Uint8Array)) return undefined;
    const secret = this.#keyring.unwrap(place, wrapped);
    const key = keyObjectOf(spec, secret);
    secret.wipe();
    if (this.#unwrapped.size >= MAX_CACHED_KEYS) this.#unwrapped.clear();
    this.#unwrapped.set(place, key);
    return key;
  }

  /** Forgets unwrapped keys: of one key when it is destroyed, of all when another process may have destroyed some. */
  forget(keyArn?: string): void {
    if (keyArn === undefined) return this.#unwrapped.clear();
    for (const place of this.#unwrapped.keys()) if (place.startsWith(`${keyArn}#`)) this.#unwrapped.delete(place);
  }
}
