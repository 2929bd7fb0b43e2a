import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  dataKeyPair,
  mlKemDecapsulate,
  mlKemEncapsulate,
  publicKeyDer,
  signatureMatches,
  signatureOf,
} from '../../../../src/kms/crypto/index.ts';
import { postQuantumPrivateKey } from '../../../../src/kms/crypto/post-quantum.ts';
import { Secret } from '../../../../src/kms/crypto/secret.ts';
import { flipped } from './given.ts';

/* OpenSSL 4 is the peer: it made these signatures and ciphertexts, and the DER whose digests stand below, from the same seeds. */
const PEER = JSON.parse(readFileSync(new URL('../../../fixtures/post-quantum.json', import.meta.url), 'utf8')) as {
  readonly message: string;
  readonly signatures: readonly { spec: string; signature: string }[];
  readonly encapsulations: readonly { spec: string; ciphertext: string; secret: string; rejected: string }[];
};
const SPKI: Readonly<Record<string, string>> = {
  ML_DSA_44: '837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be',
  ML_DSA_65: 'b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d',
  ML_DSA_87: '07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642',
  ML_KEM_768: 'c23e23dd3d485a9256cda09358a4a286e00b373db10761eadf99f710649ca31c',
  ML_KEM_1024: 'd2b7480ae006a14b37c1e8a8e45ea39022e32a9b1a7b90d594c84d869c6ac420',
};
const PKCS8: Readonly<Record<string, string>> = {
  ML_KEM_768: '67d4dc57d8f9e28816f4a3495abc48dd416b0da9bd1e1de4716ad0883b9ad6b8',
  ML_KEM_1024: '2c19d9d89d8c36ffb9eab0f3bb18dd90a47aaca3653bede67953173514d61234',
};
const seedOf = (spec: string, from = 0): KeyObject =>
  createSecretKey(Buffer.from(Array.from({ length: spec.startsWith('ML_DSA') ? 32 : 64 }, (_, at) => at + from)));
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const DSA = ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'];
const KEM = ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'];
const PUBLIC_KEY_BYTES = [1312, 1952, 2592];

test('public and private keys are written in DER as OpenSSL writes them', () => {
  for (const [spec, digest] of Object.entries(SPKI)) expect(sha256(publicKeyDer(spec, seedOf(spec)))).toBe(digest);
  for (const [spec, digest] of Object.entries(PKCS8))
    expect(sha256(postQuantumPrivateKey(spec, seedOf(spec)))).toBe(digest);
});

for (const [at, spec] of DSA.entries()) {
  const signable = (message: Buffer, type: 'RAW' | 'EXTERNAL_MU', key = seedOf(spec)) =>
    ({ spec, key, algorithm: 'ML_DSA_SHAKE_256', message, type }) as const;
  const message = Buffer.from(PEER.message);
  // FIPS 204, algorithm 7, line 6, over the message as algorithm 2 frames it without a context.
  const publicKey = publicKeyDer(spec, seedOf(spec)).subarray(-(PUBLIC_KEY_BYTES[at] ?? 0));
  const shake = (...parts: readonly Buffer[]): Buffer =>
    createHash('shake256', { outputLength: 64 }).update(Buffer.concat(parts)).digest();
  const mu = shake(shake(publicKey), Buffer.from([0, 0]), message);

  test(`${spec} verifies the signature of a peer, by the message and by its mu`, () => {
    const signature = Buffer.from(PEER.signatures.find((made) => made.spec === spec)?.signature ?? '', 'base64');
    expect(signatureMatches(signable(message, 'RAW'), signature)).toBe(true);
    expect(signatureMatches(signable(mu, 'EXTERNAL_MU'), signature)).toBe(true);
  });

  test(`${spec} makes the same kind of signature from a message and from its mu, no two alike`, () => {
    const byMessage = signatureOf(signable(message, 'RAW'));
    const byMu = signatureOf(signable(mu, 'EXTERNAL_MU'));
    expect(byMessage.equals(signatureOf(signable(message, 'RAW')))).toBe(false);
    expect(signatureMatches(signable(mu, 'EXTERNAL_MU'), byMessage)).toBe(true);
    expect(signatureMatches(signable(message, 'RAW'), byMu)).toBe(true);
  });

  test(`${spec} takes no signature that is changed, cut, longer or of another message or key`, () => {
    const signature = signatureOf(signable(message, 'RAW'));
    for (let byte = 0; byte < signature.length; byte += 331)
      expect(signatureMatches(signable(message, 'RAW'), flipped(signature, byte, byte % 8))).toBe(false);
    for (const wrong of [signature.subarray(1), Buffer.concat([signature, Buffer.alloc(1)]), Buffer.alloc(0)])
      expect(signatureMatches(signable(message, 'RAW'), wrong)).toBe(false);
    expect(signatureMatches(signable(Buffer.from('other'), 'RAW'), signature)).toBe(false);
    expect(signatureMatches(signable(message, 'RAW', seedOf(spec, 1)), signature)).toBe(false);
  });
}

for (const { spec, ciphertext, secret, rejected } of PEER.encapsulations) {
  test(`${spec} finds the secret of a peer, and the peer's false secret where the ciphertext is changed`, () => {
    const sealed = Buffer.from(ciphertext, 'base64');
    expect(Buffer.from(mlKemDecapsulate(spec, seedOf(spec), sealed) ?? []).toString('hex')).toBe(secret);
    expect(Buffer.from(mlKemDecapsulate(spec, seedOf(spec), flipped(sealed, 9)) ?? []).toString('hex')).toBe(rejected);
  });
}

for (const spec of KEM) {
  test(`${spec} goes round, and a ciphertext of another length has no secret`, () => {
    const { ciphertext, secret } = mlKemEncapsulate(spec, seedOf(spec));
    expect(secret).toHaveLength(32);
    expect(mlKemDecapsulate(spec, seedOf(spec), ciphertext)).toEqual(secret);
    expect(mlKemDecapsulate(spec, seedOf(spec, 1), ciphertext)).not.toEqual(secret);
    for (const wrong of [ciphertext.subarray(1), Buffer.concat([ciphertext, Buffer.alloc(1)]), Buffer.alloc(1)])
      expect(mlKemDecapsulate(spec, seedOf(spec), wrong)).toBeUndefined();
  });

  test(`a data key pair of ${spec} is a whole pair`, () => {
    const seed = Secret.own(Buffer.alloc(64, 7));
    const { publicKey, privateKey } = dataKeyPair(spec, seed);
    const key = createSecretKey(Buffer.alloc(64, 7));
    expect(publicKey).toEqual(publicKeyDer(spec, key));
    expect(privateKey.use((bytes) => bytes.equals(postQuantumPrivateKey(spec, key)))).toBe(true);
  });
}
