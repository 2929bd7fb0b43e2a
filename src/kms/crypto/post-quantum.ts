import type { KeyObject } from 'node:crypto';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';

/*
 * ML-DSA (FIPS 204) and ML-KEM (FIPS 203), which Node 20 does not have. Keys are kept as their seeds and expanded here. Algorithm
 * identifiers: RFC 9881 and RFC 9935.
 */
const DSA = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 } as const;
const KEM = { ML_KEM_512: ml_kem512, ML_KEM_768: ml_kem768, ML_KEM_1024: ml_kem1024 } as const;
type DsaSpec = keyof typeof DSA;
type KemSpec = keyof typeof KEM;

/** Last two arcs under 2.16.840.1.101.3.4. */
const OIDS: Readonly<Record<DsaSpec | KemSpec, readonly [number, number]>> = {
  ML_DSA_44: [3, 17],
  ML_DSA_65: [3, 18],
  ML_DSA_87: [3, 19],
  ML_KEM_512: [4, 1],
  ML_KEM_768: [4, 2],
  ML_KEM_1024: [4, 3],
};
const NIST_ALGORITHMS = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04];

const isDsa = (spec: string): spec is DsaSpec => Object.hasOwn(DSA, spec);
const isKem = (spec: string): spec is KemSpec => Object.hasOwn(KEM, spec);
export const isPostQuantum = (spec: string): boolean => isDsa(spec) || isKem(spec);

function dsaOf(spec: string): (typeof DSA)[DsaSpec] {
  if (!isDsa(spec)) throw new Error(`Bug: ${spec} does not sign`);
  return DSA[spec];
}
function kemOf(spec: string): (typeof KEM)[KemSpec] {
  if (!isKem(spec)) throw new Error(`Bug: ${spec} does not encapsulate`);
  return KEM[spec];
}

interface Expanded {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}
const expanded = new WeakMap<KeyObject, Expanded>();

/** A key from its seed; kept as long as the seed is, because expanding costs as much as signing. */
function expand(spec: string, seedKey: KeyObject): Expanded {
  let keys = expanded.get(seedKey);
  if (keys === undefined) {
    const seed = seedKey.export();
    try {
      keys = (isDsa(spec) ? dsaOf(spec) : kemOf(spec)).keygen(seed);
    } finally {
      seed.fill(0);
    }
    expanded.set(seedKey, keys);
  }
  return keys;
}

export type MessageForm = 'message' | 'mu';

/** An ML-DSA signature with fresh randomness ("hedged", FIPS 204, section 3.4) and no context string. */
export function mlDsaSign(spec: string, seed: KeyObject, message: Uint8Array, form: MessageForm): Buffer {
  const { secretKey } = expand(spec, seed);
  const dsa = dsaOf(spec);
  const signature =
    form === 'message' ? dsa.sign(message, secretKey) : dsa.internal.sign(message, secretKey, { externalMu: true });
  return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength);
}

export function mlDsaVerify(
  spec: string,
  seed: KeyObject,
  message: Uint8Array,
  form: MessageForm,
  signature: Uint8Array,
): boolean {
  const dsa = dsaOf(spec);
  if (signature.length !== dsa.lengths.signature) return false;
  const { publicKey } = expand(spec, seed);
  return form === 'message'
    ? dsa.verify(signature, message, publicKey)
    : dsa.internal.verify(signature, message, publicKey, { externalMu: true });
}

/** A fresh shared secret of 32 bytes and its ciphertext (FIPS 203, algorithm 20). The secret is the caller's to wipe. */
export function mlKemEncapsulate(spec: string, seed: KeyObject): { ciphertext: Buffer; secret: Uint8Array } {
  const { cipherText, sharedSecret } = kemOf(spec).encapsulate(expand(spec, seed).publicKey);
  return { ciphertext: Buffer.from(cipherText), secret: sharedSecret };
}

/**
 * The shared secret of a ciphertext; undefined where its length is not the one of the spec. A wrong ciphertext of the right length has
 * a secret too, which nobody else knows (implicit rejection, FIPS 203, algorithm 18).
 */
export function mlKemDecapsulate(spec: string, seed: KeyObject, ciphertext: Uint8Array): Uint8Array | undefined {
  const kem = kemOf(spec);
  if (ciphertext.length !== kem.lengths.cipherText) return undefined;
  return kem.decapsulate(ciphertext, expand(spec, seed).secretKey);
}

/** DER of one value (X.690, sections 8.1 and 10.1), of up to 65,535 bytes. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  const encoded = Buffer.concat([Buffer.from([tag, ...length]), body]);
  body.fill(0);
  return encoded;
}

const algorithmIdentifier = (spec: string): Buffer =>
  der(0x30, der(0x06, Buffer.from([...NIST_ALGORITHMS, ...OIDS[spec as DsaSpec | KemSpec]])));

/** SubjectPublicKeyInfo in DER. */
export const postQuantumPublicKey = (spec: string, seed: KeyObject): Buffer =>
  der(0x30, algorithmIdentifier(spec), der(0x03, Buffer.from([0]), expand(spec, seed).publicKey));

/** PKCS#8 DER of a key as its seed: `[0] IMPLICIT OCTET STRING` (RFC 9935, section 6). The caller's to wipe. */
export function postQuantumPrivateKey(spec: string, seedKey: KeyObject): Buffer {
  const seed = seedKey.export();
  const tagged = der(0x80, seed);
  const octets = der(0x04, tagged);
  try {
    return der(0x30, Buffer.from([0x02, 0x01, 0x00]), algorithmIdentifier(spec), octets);
  } finally {
    for (const secret of [seed, tagged, octets]) secret.fill(0);
  }
}
