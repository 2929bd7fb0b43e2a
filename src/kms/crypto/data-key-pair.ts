import type { KeyObject } from 'node:crypto';
import { generateMaterial, keyObjectOf } from './material.ts';
import { isPostQuantum, postQuantumPrivateKey } from './post-quantum.ts';
import { publicKeyDer } from './public-keys.ts';
import { Secret } from './secret.ts';

/** A key pair to be used outside: SubjectPublicKeyInfo and PKCS#8, both DER. */
export interface DataKeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Secret;
}

/** Makes a pair of a spec, or of material made before. The private key is the caller's to wipe; so is `prepared`. */
export function dataKeyPair(spec: string, prepared?: Secret): DataKeyPair {
  const made = prepared === undefined ? generateMaterial(spec) : prepared.use((bytes) => Secret.copyOf(bytes));
  const key = keyObjectOf(spec, made);
  const publicKey = publicKeyDer(spec, key);
  if (!isPostQuantum(spec)) return { publicKey, privateKey: made };
  made.wipe();
  return { publicKey, privateKey: pkcs8Of(spec, key) };
}

const pkcs8Of = (spec: string, seed: KeyObject): Secret => Secret.own(postQuantumPrivateKey(spec, seed));
