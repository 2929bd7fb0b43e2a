import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto';
import { expect, test } from 'vitest';
import { messageBytes, signatureMatches, signatureOf } from '../../../../src/kms/crypto/index.ts';
import { flipped } from './given.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
type Pair = typeof rsa;

interface Case {
  readonly spec: string;
  readonly algorithm: string;
  readonly hash: string;
  readonly pair: Pair;
  readonly other: Pair;
  /** How node:crypto, which knows nothing of us, is told of the scheme. */
  readonly outside: (key: KeyObject) => KeyObject | SignKeyObjectInput;
}

const hashes = ['256', '384', '512'];
const CASES: readonly Case[] = [
  ...hashes.map((bits) => ({
    spec: 'RSA_2048',
    algorithm: `RSASSA_PSS_SHA_${bits}`,
    hash: `sha${bits}`,
    pair: rsa,
    other: otherRsa,
    outside: (key: KeyObject) => ({
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
  })),
  ...hashes.map((bits) => ({
    spec: 'RSA_2048',
    algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}`,
    hash: `sha${bits}`,
    pair: rsa,
    other: otherRsa,
    outside: (key: KeyObject) => key,
  })),
  ...(
    [
      ['ECC_NIST_P256', 'prime256v1', '256'],
      ['ECC_NIST_P384', 'secp384r1', '384'],
      ['ECC_NIST_P521', 'secp521r1', '512'],
      ['ECC_SECG_P256K1', 'secp256k1', '256'],
    ] as const
  ).map(([spec, curve, bits]) => ({
    spec,
    algorithm: `ECDSA_SHA_${bits}`,
    hash: `sha${bits}`,
    pair: ec(curve),
    other: ec(curve),
    outside: (key: KeyObject) => key,
  })),
];
const message = Buffer.from('the quick brown fox');

for (const { spec, algorithm, hash, pair, other, outside } of CASES) {
  const digest = createHash(hash).update(message).digest();
  const raw = { spec, key: pair.privateKey, algorithm, message, type: 'RAW' } as const;
  const digested = { ...raw, message: digest, type: 'DIGEST' } as const;

  test(`${algorithm} of ${spec} is verified by node:crypto, whether the message came whole or as a digest`, () => {
    for (const signable of [raw, digested])
      for (let times = 0; times < 8; times += 1)
        expect(verify(hash, message, outside(pair.publicKey), signatureOf(signable))).toBe(true);
  });

  test(`${algorithm} of ${spec} verifies what node:crypto signed, and what it signed itself`, () => {
    for (const signable of [raw, digested]) {
      for (let times = 0; times < 8; times += 1) {
        expect(signatureMatches(signable, sign(hash, message, outside(pair.privateKey)))).toBe(true);
        expect(signatureMatches(signable, signatureOf(raw))).toBe(true);
        expect(signatureMatches(signable, signatureOf(digested))).toBe(true);
      }
    }
  });

  test(`${algorithm} of ${spec} takes no signature that is changed, cut, longer, empty or of another message or key`, () => {
    for (const signable of [raw, digested]) {
      const signature = signatureOf(signable);
      for (let at = 0; at < signature.length; at += 7)
        expect(signatureMatches(signable, flipped(signature, at, at % 8))).toBe(false);
      expect(signatureMatches(signable, flipped(signature, signature.length - 1))).toBe(false);
      for (const wrong of [
        signature.subarray(1),
        signature.subarray(0, -1),
        Buffer.concat([signature, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), signature]),
        Buffer.alloc(0),
        Buffer.alloc(signature.length),
        Buffer.alloc(signature.length, 0xff),
      ])
        expect(signatureMatches(signable, wrong)).toBe(false);
      expect(signatureMatches({ ...signable, message: flipped(signable.message, 3) }, signature)).toBe(false);
      expect(signatureMatches({ ...signable, key: other.privateKey }, signature)).toBe(false);
    }
  });
}

test('a PSS signature whose salt is not as long as the digest is none, message or digest', () => {
  const digest = createHash('sha256').update(message).digest();
  const signable = { spec: 'RSA_2048', key: rsa.privateKey, algorithm: 'RSASSA_PSS_SHA_256' };
  for (const saltLength of [0, 20, 31, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const signature = sign('sha256', message, {
      key: rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });
    expect(signatureMatches({ ...signable, message, type: 'RAW' }, signature)).toBe(false);
    expect(signatureMatches({ ...signable, message: digest, type: 'DIGEST' }, signature)).toBe(false);
  }
});

test('a signature of one scheme or hash is none of another', () => {
  const of = (algorithm: string) => ({
    spec: 'RSA_2048',
    key: rsa.privateKey,
    algorithm,
    message,
    type: 'RAW' as const,
  });
  const algorithms = CASES.filter(({ spec }) => spec === 'RSA_2048').map(({ algorithm }) => algorithm);
  for (const signed of algorithms)
    for (const claimed of algorithms)
      expect(signatureMatches(of(claimed), signatureOf(of(signed)))).toBe(signed === claimed);
});

test('Ed25519 gives the signatures of RFC 8032, section 7.1', () => {
  // Tests 1 to 3: secret key, message, signature.
  const vectors = [
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ] as const;
  for (const [secret, text, signature] of vectors) {
    const pkcs8 = Buffer.from(`302e020100300506032b657004220420${secret}`, 'hex');
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const signable = {
      spec: 'ECC_NIST_EDWARDS25519',
      key,
      algorithm: 'ED25519_SHA_512',
      message: Buffer.from(text, 'hex'),
      type: 'RAW' as const,
    };
    expect(signatureOf(signable).toString('hex')).toBe(signature);
    expect(signatureMatches(signable, Buffer.from(signature, 'hex'))).toBe(true);
    expect(signatureMatches(signable, flipped(Buffer.from(signature, 'hex'), 40))).toBe(false);
    expect(signatureMatches({ ...signable, message: Buffer.from('x') }, Buffer.from(signature, 'hex'))).toBe(false);
  }
});

test('a digest is as long as its hash, and some algorithms know none', () => {
  expect(messageBytes('RSASSA_PSS_SHA_384', 'DIGEST')).toBe(48);
  expect(messageBytes('ECDSA_SHA_512', 'DIGEST')).toBe(64);
  expect(messageBytes('ECDSA_SHA_256', 'RAW')).toBe('any');
  expect(messageBytes('ECDSA_SHA_256', 'EXTERNAL_MU')).toBeUndefined();
  expect(messageBytes('ED25519_SHA_512', 'DIGEST')).toBeUndefined();
  expect(messageBytes('ML_DSA_SHAKE_256', 'EXTERNAL_MU')).toBe(64);
  expect(messageBytes('ML_DSA_SHAKE_256', 'DIGEST')).toBeUndefined();
});
