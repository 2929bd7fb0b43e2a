/*
 * A decryptor of the published format, written from docs/ciphertext-format.md and from nothing else: it imports none of the
 * program's code, so that the page and the program can only agree by both being right.
 */
import { createDecipheriv, createHmac } from 'node:crypto';

export interface Read {
  readonly keyId: string;
  readonly version: number;
  readonly nonce: Buffer;
  readonly header: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

export function readBlob(blob: Buffer): Read {
  if (blob.length < 58) throw new Error('shorter than a header and a tag');
  if (blob.subarray(0, 4).toString('hex') !== '4b4c4301') throw new Error('not magic and version 1');
  const kind = blob.readUInt8(4);
  const digits = blob.subarray(5, 21).toString('hex');
  if (kind > 1) throw new Error('neither a UUID nor a multi-Region id');
  const keyId = kind === 1 ? `mrk-${digits}` : digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (blob.readUInt8(25) !== 1) throw new Error('not algorithm 1');
  return {
    keyId,
    version: blob.readUInt32BE(21),
    nonce: blob.subarray(26, 42),
    header: blob.subarray(0, 42),
    ciphertext: blob.subarray(42, blob.length - 16),
    tag: blob.subarray(blob.length - 16),
  };
}

function derive(key: Buffer, label: string, nonce: Buffer): Buffer {
  const mac = createHmac('sha256', key);
  mac.update(Buffer.from('00000001', 'hex'));
  mac.update(`${label}\0`, 'utf8');
  mac.update(nonce);
  mac.update(Buffer.from('00000100', 'hex'));
  return mac.digest();
}

const u16 = (number: number): Buffer => Buffer.from([number >> 8, number & 0xff]);

/** The bytes that stand for an encryption context. */
export function contextBytes(context: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(context)
    .map(([key, value]) => [Buffer.from(key), Buffer.from(value)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  const parts = pairs.flatMap(([key, value]) => [u16(key.length), key, u16(value.length), value]);
  return Buffer.concat([u16(pairs.length), ...parts]);
}

function open(key: Buffer, nonce: Buffer, aad: Buffer, ciphertext: Buffer, tag: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** The plaintext of a blob. Throws when anything is wrong with it. */
export function decrypt(backingKey: Buffer, blob: Buffer, context: Readonly<Record<string, string>> = {}): Buffer {
  const { nonce, header, ciphertext, tag } = readBlob(blob);
  const aad = Buffer.concat([header, contextBytes(context)]);
  return open(derive(backingKey, 'keyledger/enc/v1', nonce), nonce, aad, ciphertext, tag);
}

/** What was wrapped for one place. Throws for a record that belongs elsewhere. */
export function unwrap(wrappingKey: Buffer, place: string, record: Buffer): Buffer {
  const nonce = record.subarray(0, 16);
  const key = derive(wrappingKey, 'keyledger/wrap/v1', nonce);
  return open(
    key,
    nonce,
    Buffer.from(place),
    record.subarray(16, record.length - 16),
    record.subarray(record.length - 16),
  );
}
