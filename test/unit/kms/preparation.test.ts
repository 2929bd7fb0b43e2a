import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { RsaWorkshop } from '../../../src/kms/preparation.ts';

const BITS = 1024;

test('an RSA workshop makes keys of the asked size, no two alike', async () => {
  const workshop = new RsaWorkshop();
  const made = await Promise.all([workshop.make(BITS), workshop.make(BITS), workshop.make(BITS)]);
  const keys = made.map((secret) =>
    secret?.use((bytes) => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })),
  );
  for (const key of keys)
    expect(key?.asymmetricKeyDetails).toMatchObject({ modulusLength: BITS, publicExponent: 65_537n });
  expect(new Set(keys.map((key) => key?.export({ format: 'pem', type: 'pkcs8' }))).size).toBe(3);
});

test('an RSA workshop sends away who finds it full, and takes orders again when it has room', async () => {
  const workshop = new RsaWorkshop();
  const orders = Array.from({ length: 20 }, () => workshop.make(BITS));
  expect(orders.filter((order) => order === undefined)).toHaveLength(2);
  expect(orders.slice(0, 18)).not.toContain(undefined);
  await Promise.all(orders.filter((order) => order !== undefined));
  expect(await workshop.make(BITS)).toBeDefined();
});
