import { constants, privateEncrypt, publicDecrypt, sign, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { ecdsaSignDigest, ecdsaVerifyDigest } from './ecdsa.ts';
import { mlDsaSign, mlDsaVerify } from './post-quantum.ts';
import { publicKeyOf } from './public-keys.ts';
import { digestInfo, encodePss, matchesPss, type RsaHash } from './rsa-padding.ts';

const { RSA_NO_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;

type Scheme =
  | { readonly family: 'pss' | 'pkcs1' | 'ecdsa'; readonly hash: RsaHash; readonly digestBytes: number }
  | { readonly family: 'ed25519' | 'ml-dsa' };

const sha256 = { hash: 'sha256', digestBytes: 32 } as const;
const sha384 = { hash: 'sha384', digestBytes: 48 } as const;
const sha512 = { hash: 'sha512', digestBytes: 64 } as const;

const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  // RFC 8017, sections 8.1 and 8.2.
  ['RSASSA_PSS_SHA_256', { family: 'pss', ...sha256 }],
  ['RSASSA_PSS_SHA_384', { family: 'pss', ...sha384 }],
  ['RSASSA_PSS_SHA_512', { family: 'pss', ...sha512 }],
  ['RSASSA_PKCS1_V1_5_SHA_256', { family: 'pkcs1', ...sha256 }],
  ['RSASSA_PKCS1_V1_5_SHA_384', { family: 'pkcs1', ...sha384 }],
  ['RSASSA_PKCS1_V1_5_SHA_512', { family: 'pkcs1', ...sha512 }],
  // FIPS 186-5, section 6.
  ['ECDSA_SHA_256', { family: 'ecdsa', ...sha256 }],
  ['ECDSA_SHA_384', { family: 'ecdsa', ...sha384 }],
  ['ECDSA_SHA_512', { family: 'ecdsa', ...sha512 }],
  // RFC 8032, section 5.1: PureEdDSA.
  ['ED25519_SHA_512', { family: 'ed25519' }],
  // FIPS 204.
  ['ML_DSA_SHAKE_256', { family: 'ml-dsa' }],
]);

/** FIPS 204, algorithm 7, line 6. */
const MU_BYTES = 64;

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU';

function schemeOf(algorithm: string): Scheme {
  const scheme = SCHEMES.get(algorithm);
  if (scheme === undefined) throw new Error(`Bug: no signing algorithm ${algorithm}`);
  return scheme;
}

/** How many bytes an algorithm takes as a message of a type: any number, exactly so many, or none because it has no such type. */
export function messageBytes(algorithm: string, type: MessageType): number | 'any' | undefined {
  const scheme = schemeOf(algorithm);
  if (type === 'RAW') return 'any';
  if (type === 'EXTERNAL_MU') return scheme.family === 'ml-dsa' ? MU_BYTES : undefined;
  return 'digestBytes' in scheme ? scheme.digestBytes : undefined;
}

/** A message as {@link messageBytes} allows it, and what it is to be signed with. */
export interface Signable {
  readonly spec: string;
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly message: Buffer;
  readonly type: MessageType;
}

/** "Default: auto" would take any salt: it is as long as the digest, as AWS has it. */
const pssOptions = (digestBytes: number): { padding: number; saltLength: number } => ({
  padding: RSA_PKCS1_PSS_PADDING,
  saltLength: digestBytes,
});

export function signatureOf({ spec, key, algorithm, message, type }: Signable): Buffer {
  const scheme = schemeOf(algorithm);
  switch (scheme.family) {
    case 'ml-dsa':
      return mlDsaSign(spec, key, message, type === 'EXTERNAL_MU' ? 'mu' : 'message');
    case 'ed25519':
      return sign(null, message, key);
    case 'ecdsa':
      return type === 'RAW' ? sign(scheme.hash, message, key) : ecdsaSignDigest(key, message);
    case 'pss':
      return type === 'RAW'
        ? sign(scheme.hash, message, { key, ...pssOptions(scheme.digestBytes) })
        : privateEncrypt({ key, padding: RSA_NO_PADDING }, encodePss(scheme.hash, message, modulusBytes(key)));
    case 'pkcs1':
      return type === 'RAW'
        ? sign(scheme.hash, message, { key, padding: RSA_PKCS1_PADDING })
        : privateEncrypt({ key, padding: RSA_PKCS1_PADDING }, digestInfo(scheme.hash, message));
  }
}

/** Whether a signature is one of the message under the public half of the key. */
export function signatureMatches({ spec, key, algorithm, message, type }: Signable, signature: Buffer): boolean {
  const scheme = schemeOf(algorithm);
  if (scheme.family === 'ml-dsa')
    return mlDsaVerify(spec, key, message, type === 'EXTERNAL_MU' ? 'mu' : 'message', signature);
  const publicKey = publicKeyOf(key);
  switch (scheme.family) {
    case 'ed25519':
      return verify(null, message, publicKey, signature);
    case 'ecdsa':
      return type === 'RAW'
        ? verify(scheme.hash, message, publicKey, signature)
        : ecdsaVerifyDigest(key, message, signature);
    case 'pss': {
      if (type === 'RAW')
        return verify(scheme.hash, message, { key: publicKey, ...pssOptions(scheme.digestBytes) }, signature);
      const encoded = recovered(publicKey, RSA_NO_PADDING, signature);
      return encoded !== undefined && matchesPss(scheme.hash, message, encoded);
    }
    case 'pkcs1': {
      if (type === 'RAW')
        return verify(scheme.hash, message, { key: publicKey, padding: RSA_PKCS1_PADDING }, signature);
      const signed = recovered(publicKey, RSA_PKCS1_PADDING, signature);
      const right = digestInfo(scheme.hash, message);
      return signed?.length === right.length && timingSafeEqual(signed, right);
    }
  }
}

const modulusBytes = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

/** What was signed, as far as it is a signature of this key at all. */
function recovered(publicKey: KeyObject, padding: number, signature: Buffer): Buffer | undefined {
  if (signature.length !== modulusBytes(publicKey)) return undefined;
  try {
    return publicDecrypt({ key: publicKey, padding }, signature);
  } catch {
    return undefined;
  }
}
