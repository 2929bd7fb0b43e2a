import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/kms/crypto/index.ts';

const CANARY = 'canary-8d1f0e';
const secret = Secret.copyOf(Buffer.from(CANARY));
const forms = [CANARY, Buffer.from(CANARY).toString('hex'), Buffer.from(CANARY).toString('base64'), '63 61 6e 61'];

test('a secret never prints, however it is written out', () => {
  const outer = { secret, list: [secret], map: new Map([['secret', secret]]) };
  const printed = [
    JSON.stringify(secret),
    JSON.stringify(outer),
    // eslint-disable-next-line @typescript-eslint/restrict-template-expressions -- what a careless log line would do
    `${secret}`,
    String(secret),
    inspect(secret),
    inspect(outer, { depth: null, showHidden: true, getters: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
    inspect(Object.getOwnPropertyDescriptors(secret), { depth: null, showHidden: true }),
    Object.keys(secret).join(),
    JSON.stringify(Object.assign({}, secret)),
    new Error('failed', { cause: secret }).toString(),
    inspect(new Error('failed', { cause: secret })),
  ];
  for (const text of printed) for (const form of forms) expect(text).not.toContain(form);
  expect(JSON.stringify(secret)).toBe('"[secret]"');
  expect(inspect(secret)).toBe('[secret]');
});

test('a secret cannot be cloned out of its shell', () => {
  expect(inspect(structuredClone(secret), { showHidden: true })).not.toContain('63');
});

test('wiping clears the bytes that were handed over, and a copy is a copy', () => {
  const own = Buffer.from(CANARY);
  const owned = Secret.own(own);
  const copy = Secret.copyOf(own);
  owned.wipe();
  expect(own).toEqual(Buffer.alloc(CANARY.length));
  expect(copy.use((bytes) => bytes.toString())).toBe(CANARY);
  expect(copy.sizeBytes).toBe(CANARY.length);
});

test('the bytes of a copy lie outside the buffer pool that others see', () => {
  expect(secret.use((bytes) => bytes.buffer.byteLength)).toBe(CANARY.length);
});
