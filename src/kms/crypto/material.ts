import { createPrivateKey, createSecretKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { secretRandom } from './random.ts';
import { Secret } from './secret.ts';

/** How key material of a spec is made and what its stored bytes are: as they come, or PKCS#8 DER (RFC 5958). */
type Kind =
  | { readonly form: 'bytes'; readonly sizeBytes: number }
  | { readonly form: 'pkcs8'; readonly type: 'rsa'; readonly modulusBits: number }
  | { readonly form: 'pkcs8'; readonly type: 'ec'; readonly curve: string }
  | { readonly form: 'pkcs8'; readonly type: 'ed25519' };

const bytes = (sizeBytes: number): Kind => ({ form: 'bytes', sizeBytes });
const rsa = (modulusBits: number): Kind => ({ form: 'pkcs8', type: 'rsa', modulusBits });
const ec = (curve: string): Kind => ({ form: 'pkcs8', type: 'ec', curve });
/** FIPS 204, algorithm 1: the seed xi, from which the whole key comes. */
const ML_DSA_SEED = bytes(32);
/** FIPS 203, algorithm 19: the seeds d and z. */
const ML_KEM_SEED = bytes(64);

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['SYMMETRIC_DEFAULT', bytes(32)],
  // As long as the hash is wide: FIPS 198-1 asks for half of it at least.
  ['HMAC_224', bytes(28)],
  ['HMAC_256', bytes(32)],
  ['HMAC_384', bytes(48)],
  ['HMAC_512', bytes(64)],
  ['RSA_2048', rsa(2048)],
  ['RSA_3072', rsa(3072)],
  ['RSA_4096', rsa(4096)],
  ['ECC_NIST_P256', ec('prime256v1')],
  ['ECC_NIST_P384', ec('secp384r1')],
  ['ECC_NIST_P521', ec('secp521r1')],
  ['ECC_SECG_P256K1', ec('secp256k1')],
  ['ECC_NIST_EDWARDS25519', { form: 'pkcs8', type: 'ed25519' }],
  ['ML_DSA_44', ML_DSA_SEED],
  ['ML_DSA_65', ML_DSA_SEED],
  ['ML_DSA_87', ML_DSA_SEED],
  ['ML_KEM_512', ML_KEM_SEED],
  ['ML_KEM_768', ML_KEM_SEED],
  ['ML_KEM_1024', ML_KEM_SEED],
]);

const PUBLIC_EXPONENT = 65_537;
const PKCS8 = { format: 'der', type: 'pkcs8' } as const;
const generatePair = promisify(generateKeyPair);

function kindOf(spec: string): Kind {
  const kind = KINDS.get(spec);
  if (kind === undefined) throw new Error(`Bug: no key material of spec ${spec}`);
  return kind;
}

/** The bits of an RSA modulus: such a key takes long to find, and is not for the thread that answers. Undefined for other specs. */
export function modulusBitsOf(spec: string): number | undefined {
  const kind = KINDS.get(spec);
  return kind?.form === 'pkcs8' && kind.type === 'rsa' ? kind.modulusBits : undefined;
}

/** New material of a spec that takes no time worth mentioning; not for RSA. */
export function generateMaterial(spec: string): Secret {
  const kind = kindOf(spec);
  if (kind.form === 'bytes') return Secret.own(secretRandom(kind.sizeBytes));
  if (kind.type === 'ec')
    return Secret.own(generateKeyPairSync('ec', { namedCurve: kind.curve }).privateKey.export(PKCS8));
  if (kind.type === 'ed25519') return Secret.own(generateKeyPairSync('ed25519').privateKey.export(PKCS8));
  throw new Error('Bug: an RSA key is made ahead of the decision that needs it');
}

/** A new RSA private key (FIPS 186-5, appendix A.1), found on another thread. */
export async function generateRsa(modulusBits: number): Promise<Secret> {
  const { privateKey } = await generatePair('rsa', { modulusLength: modulusBits, publicExponent: PUBLIC_EXPONENT });
  return Secret.own(privateKey.export(PKCS8));
}

/** Stored material as a key that ciphers take. */
export function keyObjectOf(spec: string, material: Secret): KeyObject {
  const { form } = kindOf(spec);
  return material.use((stored) =>
    form === 'bytes' ? createSecretKey(stored) : createPrivateKey({ key: stored, ...PKCS8 }),
  );
}
