import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto';
import { expect, test } from 'vitest';
import { maxOaepBytes, oaepDecrypt, oaepEncrypt } from '../../../../src/kms/crypto/index.ts';
import { flipped } from './given.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ALGORITHMS = [
  { algorithm: 'RSAES_OAEP_SHA_1', oaepHash: 'sha1', max: 214 },
  { algorithm: 'RSAES_OAEP_SHA_256', oaepHash: 'sha256', max: 190 },
] as const;
const padding = constants.RSA_PKCS1_OAEP_PADDING;

for (const { algorithm, oaepHash, max } of ALGORITHMS) {
  test(`${algorithm} goes round with node:crypto on the other side, up to ${String(max)} bytes`, () => {
    expect(maxOaepBytes(privateKey, algorithm)).toBe(max);
    for (const size of [1, 32, max]) {
      const plaintext = Buffer.alloc(size, size);
      expect(
        privateDecrypt({ key: privateKey, padding, oaepHash }, oaepEncrypt(privateKey, algorithm, plaintext)),
      ).toEqual(plaintext);
      expect(
        oaepDecrypt(privateKey, algorithm, publicEncrypt({ key: publicKey, padding, oaepHash }, plaintext)),
      ).toEqual(plaintext);
    }
  });

  test(`${algorithm} opens nothing that is changed, cut, longer, of another key or of another hash`, () => {
    const sealed = oaepEncrypt(privateKey, algorithm, Buffer.from('secret'));
    for (let at = 0; at < sealed.length; at += 11)
      expect(oaepDecrypt(privateKey, algorithm, flipped(sealed, at, at % 8))).toBeUndefined();
    for (const wrong of [sealed.subarray(1), Buffer.concat([Buffer.alloc(1), sealed]), Buffer.alloc(256, 0xff)])
      expect(oaepDecrypt(privateKey, algorithm, wrong)).toBeUndefined();
    expect(oaepDecrypt(other, algorithm, sealed)).toBeUndefined();
    const swapped = algorithm === 'RSAES_OAEP_SHA_1' ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_1';
    expect(oaepDecrypt(privateKey, swapped, sealed)).toBeUndefined();
  });
}
