import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OperationalError } from '../../../../src/base/index.ts';
import { Keyring, Secret, createSealedKeyring } from '../../../../src/kms/crypto/index.ts';
import * as independent from '../../../support/independent-decryptor.ts';
import { flipped, keyOf } from './given.ts';

const rootKey = keyOf(1);
const sealedKeyring = createSealedKeyring(rootKey);
const keyring = Keyring.open(rootKey, sealedKeyring);
const PLACE = 'arn:aws:kms:us-east-1:000000000000:key/a#1';
const material = Buffer.from('0123456789abcdef0123456789abcdef');
const wrapped = keyring.wrap(PLACE, Secret.copyOf(material));
const bytesOf = (secret: Secret): Buffer => secret.use((bytes) => Buffer.from(bytes));
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'nothing thrown';
  } catch (thrown) {
    return thrown instanceof OperationalError ? thrown.code : String(thrown);
  }
};

test('what was wrapped comes back in its own place', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), fc.string(), (bytes, place) => {
      const back = keyring.unwrap(place, keyring.wrap(place, Secret.copyOf(bytes)));
      expect(bytesOf(back)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('a record in the place of another key or another version fails authentication', () => {
  const places = [
    'arn:aws:kms:us-east-1:000000000000:key/b#1',
    'arn:aws:kms:us-east-1:000000000000:key/a#2',
    'arn:aws:kms:us-east-1:000000000001:key/a#1',
    'arn:aws:kms:us-east-1:000000000000:key/a#11',
    'secret/AKIA',
    '',
  ];
  for (const place of places) expect(codeOf(() => keyring.unwrap(place, wrapped))).toBe('KEY_MATERIAL_CORRUPT');
});

test('a damaged record fails authentication, wherever the damage is', () => {
  for (let at = 0; at < wrapped.length; at += 1)
    expect(codeOf(() => keyring.unwrap(PLACE, flipped(wrapped, at)))).toBe('KEY_MATERIAL_CORRUPT');
  for (const length of [0, 1, 16, 31, wrapped.length - 1])
    expect(codeOf(() => keyring.unwrap(PLACE, wrapped.subarray(0, length)))).toBe('KEY_MATERIAL_CORRUPT');
});

test('another root key does not open the keyring, nor does its own open a damaged one', () => {
  expect(codeOf(() => Keyring.open(keyOf(2), sealedKeyring))).toBe('ROOT_KEY_UNUSABLE');
  for (let at = 0; at < sealedKeyring.length; at += 1)
    expect(codeOf(() => Keyring.open(rootKey, flipped(sealedKeyring, at)))).toBe('ROOT_KEY_UNUSABLE');
});

test('a record of another data directory, sealed by the same root key, does not open here', () => {
  const other = Keyring.open(rootKey, createSealedKeyring(rootKey));
  expect(codeOf(() => other.unwrap(PLACE, wrapped))).toBe('KEY_MATERIAL_CORRUPT');
  // The keyring itself is not a key record, whatever it is called.
  expect(codeOf(() => keyring.unwrap('keyring/1', sealedKeyring))).toBe('KEY_MATERIAL_CORRUPT');
});

test('a program written from the published format alone unwraps root key, keyring and backing key', () => {
  const ring = independent.unwrap(Buffer.alloc(32, 1), 'keyring/1', sealedKeyring);
  expect(independent.unwrap(ring, PLACE, wrapped)).toEqual(material);
});

test('a marker opens for its own list only, and nothing else opens at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(keyring.openToken('ListKeys 1', keyring.sealToken('ListKeys 1', text))).toBe(text);
    }),
  );
  const token = keyring.sealToken('ListKeys 000000000000', 'after');
  expect(keyring.openToken('ListKeys 111111111111', token)).toBeUndefined();
  expect(keyring.openToken('ListAliases 000000000000', token)).toBeUndefined();
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A';
    expect(
      keyring.openToken('ListKeys 000000000000', token.slice(0, at) + other + token.slice(at + 1)),
    ).toBeUndefined();
  }
  for (const forged of ['', '=', 'after', 'AAAA', 'é', `${token} `, 'A'.repeat(1024)])
    expect(keyring.openToken('ListKeys 000000000000', forged)).toBeUndefined();
});

test('a record sealed as key material is no marker, and the reverse', () => {
  expect(keyring.openToken(PLACE, wrapped.toString('base64url'))).toBeUndefined();
  const token = Buffer.from(keyring.sealToken(PLACE, 'text'), 'base64url');
  expect(codeOf(() => keyring.unwrap(PLACE, token))).toBe('KEY_MATERIAL_CORRUPT');
});

test('a fingerprint is the same for the same blob, and only under the same keyring', () => {
  const blob = Buffer.from('a blob');
  expect(keyring.fingerprint(blob)).toBe(Keyring.open(rootKey, sealedKeyring).fingerprint(blob));
  expect(keyring.fingerprint(blob)).toMatch(/^[0-9a-f]{32}$/);
  expect(keyring.fingerprint(Buffer.from('b blob'))).not.toBe(keyring.fingerprint(blob));
  expect(Keyring.open(rootKey, createSealedKeyring(rootKey)).fingerprint(blob)).not.toBe(keyring.fingerprint(blob));
});

test('a material id is a SHA-256 in hex that tells keys apart', () => {
  const id = keyring.materialId('a', Secret.copyOf(material));
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(keyring.materialId('a', Secret.copyOf(material))).toBe(id);
  expect(keyring.materialId('b', Secret.copyOf(material))).not.toBe(id);
  expect(keyring.materialId('a', Secret.copyOf(flipped(material, 0)))).not.toBe(id);
  expect(id).not.toContain(createSecretKey(material).export().toString('hex').slice(0, 16));
});
