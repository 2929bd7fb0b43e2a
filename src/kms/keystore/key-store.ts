import type { KeyObject } from 'node:crypto';
import type { StateView, Write } from '../../journal/index.ts';
import { Secret, secretRandom, type Keyring } from '../crypto/index.ts';

const BACKING_KEY_BYTES = 32;
/** Unwrapped keys kept in memory. One costs about 300 bytes. */
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

  /** Makes a 256-bit backing key. Nothing is kept until the returned row is committed with the event that announces it. */
  create(keyArn: string, version: number): FreshMaterial {
    const secret = Secret.own(secretRandom(BACKING_KEY_BYTES));
    const place = placeOf(keyArn, version);
    const wrapped = this.#keyring.wrap(place, secret);
    const materialId = this.#keyring.materialId(keyArn, secret);
    secret.wipe();
    return { materialId, write: { table: 'material', key: place, value: wrapped } };
  }

  /**
   * The backing key of one version; undefined where it has been destroyed.
   *
   * @throws OperationalError KEY_MATERIAL_CORRUPT
   */
  backingKey(state: StateView, keyArn: string, version: number): KeyObject | undefined {
    const place = placeOf(keyArn, version);
    const known = this.#unwrapped.get(place);
    if (known !== undefined) return known;
    const wrapped = state.get('material', place);
    if (!(wrapped instanceof Uint8Array)) return undefined;
    const secret = this.#keyring.unwrap(place, wrapped);
    const key = secret.toKeyObject();
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
