import { expect, test } from 'vitest';
import { eventKeys } from '../../../src/stream/index.ts';

const keysOf = (event: unknown) => eventKeys(Buffer.from(JSON.stringify(event)));
const actor = { arn: 'arn:aws:iam::111122223333:user/alice', account: '111122223333' };

test('an event is keyed by its key and by who asked', () => {
  expect(keysOf({ actor, key: { arn: 'arn:aws:kms:us-east-1:111122223333:key/k' } })).toEqual({
    key: 'arn:aws:kms:us-east-1:111122223333:key/k',
    principal: actor.arn,
  });
});

test('an event about no key is keyed by the account', () => {
  expect(keysOf({ actor })).toEqual({ key: '111122223333', principal: actor.arn });
});

test('what cannot be read is published all the same, for its readers to set aside', () => {
  for (const bytes of ['', 'not JSON', 'null', '[]', '{"actor":7}']) {
    expect(eventKeys(Buffer.from(bytes))).toEqual({ key: '', principal: '' });
  }
});
