import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decryptBlob, encryptBlob, readBlobClaim } from '../../../../src/kms/crypto/index.ts';
import * as independent from '../../../support/independent-decryptor.ts';
import { KEY_ID, anyContext, anyPlaintext, claim, flipped, keyOf } from './given.ts';

const key = keyOf(7);
const anyVersion = fc.integer({ min: 1, max: 0xffffffff });
const anyKeyId = fc.oneof(
  fc.uuid(),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => `mrk-${Buffer.from(bytes).toString('hex')}`),
);

test('any plaintext comes back under the same key and the same context', () => {
  fc.assert(
    fc.property(anyPlaintext, anyContext, (plaintext, context) => {
      const blob = encryptBlob(key, claim, plaintext, context);
      expect(decryptBlob(key, blob, context)).toEqual(plaintext);
      expect(blob.length).toBe(plaintext.length + 58);
    }),
  );
});

test('the order in which a context is written does not matter, and no context is the empty one', () => {
  const blob = encryptBlob(key, claim, Buffer.from('x'), { a: '1', b: '2' });
  expect(decryptBlob(key, blob, { b: '2', a: '1' })?.toString()).toBe('x');
  const bare = encryptBlob(key, claim, Buffer.from('x'));
  expect(decryptBlob(key, bare, {})?.toString()).toBe('x');
});

test('the header says which key and version made it, for both kinds of key id', () => {
  fc.assert(
    fc.property(anyKeyId, anyVersion, (keyId, version) => {
      const blob = encryptBlob(key, { keyId, version }, Buffer.from('x'));
      expect(readBlobClaim(blob)).toEqual({ keyId, version });
      expect(decryptBlob(key, blob)?.toString()).toBe('x');
    }),
  );
});

test('a change of any bit of any byte of the header, the ciphertext or the tag fails, and says nothing else', () => {
  const context = { tenant: '42' };
  const blob = encryptBlob(key, claim, Buffer.from('attack at dawn'), context);
  for (let at = 0; at < blob.length; at += 1)
    for (let bit = 0; bit < 8; bit += 1) expect(decryptBlob(key, flipped(blob, at, bit), context)).toBeUndefined();
});

test('any other context fails: another value, another case, one pair more, one less, none', () => {
  const blob = encryptBlob(key, claim, Buffer.from('x'), { tenant: '42', app: 'web' });
  const others = [
    { tenant: '43', app: 'web' },
    { Tenant: '42', app: 'web' },
    { tenant: '42', app: 'Web' },
    { tenant: '42', app: 'web', more: '' },
    { tenant: '42' },
    { tenant: 'web', app: '42' },
    {},
    undefined,
  ];
  for (const other of others) expect(decryptBlob(key, blob, other)).toBeUndefined();
});

test('a blob of another key fails, and so does one moved to another version or key id', () => {
  const blob = encryptBlob(key, claim, Buffer.from('x'));
  expect(decryptBlob(keyOf(8), blob)).toBeUndefined();
  const version = Buffer.from(blob);
  version.writeUInt32BE(2, 21);
  expect(readBlobClaim(version)).toEqual({ keyId: KEY_ID, version: 2 });
  expect(decryptBlob(key, version)).toBeUndefined();
  const multiRegion = Buffer.from(blob);
  multiRegion.writeUInt8(1, 4);
  expect(readBlobClaim(multiRegion)?.keyId).toBe('mrk-1234abcd12ab34cd56ef1234567890ab');
  expect(decryptBlob(key, multiRegion)).toBeUndefined();
});

test('bytes cut off, added, or never a blob are not a blob, whatever they are', () => {
  const blob = encryptBlob(key, claim, Buffer.from('attack at dawn'));
  for (let length = 0; length < blob.length; length += 1)
    expect(decryptBlob(key, blob.subarray(0, length))).toBeUndefined();
  expect(decryptBlob(key, Buffer.concat([blob, Buffer.from([0])]))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6144 }), (bytes) => {
      expect(decryptBlob(key, Buffer.from(bytes))).toBeUndefined();
      expect(readBlobClaim(Buffer.from(bytes))).toBeUndefined();
    }),
  );
});

test('the same plaintext never has the same nonce, ciphertext or tag twice', () => {
  const nonces = new Set<string>();
  const rest = new Set<string>();
  for (let count = 0; count < 2000; count += 1) {
    const blob = encryptBlob(key, claim, Buffer.alloc(16));
    nonces.add(blob.toString('hex', 26, 42));
    rest.add(blob.toString('hex', 42));
  }
  expect(nonces.size).toBe(2000);
  expect(rest.size).toBe(2000);
});

test('a program written from the published format alone decrypts every blob', () => {
  fc.assert(
    fc.property(anyPlaintext, anyContext, anyKeyId, anyVersion, (plaintext, context, keyId, version) => {
      const blob = encryptBlob(key, { keyId, version }, plaintext, context);
      expect(independent.readBlob(blob)).toMatchObject({ keyId, version });
      expect(independent.decrypt(Buffer.alloc(32, 7), blob, context)).toEqual(plaintext);
    }),
  );
});

test('a key id that is not of this service is a bug, not a blob', () => {
  for (const keyId of ['', 'mrk-', 'alias/x', `${KEY_ID}00`, 'zz34abcd-12ab-34cd-56ef-1234567890ab'])
    expect(() => encryptBlob(key, { keyId, version: 1 }, Buffer.from('x'))).toThrow('Bug');
});
