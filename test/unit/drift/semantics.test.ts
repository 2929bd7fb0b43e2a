import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference, permissionsOf } from '../../../src/drift/index.ts';

const ACCOUNT = '111122223333';
const role = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const statement = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  Sid: 'Use',
  Effect: 'Allow',
  Principal: { AWS: role('payments') },
  Action: ['kms:Decrypt', 'kms:Encrypt'],
  Resource: '*',
  ...overrides,
});
const policy = (...statements: readonly unknown[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const read = (text: string) => {
  const permissions = permissionsOf(text);
  if (permissions === undefined) throw new Error(`not a policy: ${text}`);
  return permissions;
};
const differ = (a: string, b: string): number => {
  const { added, removed } = difference(read(a), read(b));
  return added.length + removed.length;
};

test.each([
  ['another Sid', statement({ Sid: 'Another' })],
  ['another order of actions', statement({ Action: ['kms:Encrypt', 'kms:Decrypt'] })],
  ['another case of an action', statement({ Action: ['KMS:decrypt', 'kms:ENCRYPT'] })],
  ['a list for a single value', statement({ Principal: { AWS: [role('payments')] }, Resource: ['*'] })],
])('%s is no difference', (_, other) => {
  expect(differ(policy(statement()), policy(other))).toBe(0);
});

test('the number of an account and the ARN of its root are the same principal', () => {
  const byNumber = statement({ Principal: { AWS: ACCOUNT } });
  const byArn = statement({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } });
  expect(differ(policy(byNumber), policy(byArn))).toBe(0);
});

test.each([
  ['another principal', statement({ Principal: { AWS: role('thief') } })],
  ['another action', statement({ Action: 'kms:*' })],
  ['a Deny for an Allow', statement({ Effect: 'Deny' })],
  ['a condition', statement({ Condition: { StringEquals: { 'kms:EncryptionContext:tenant': 'acme' } } })],
])('%s is a difference on both sides', (_, other) => {
  expect(differ(policy(statement()), policy(other))).toBe(2);
});

test('the order of statements is no difference', () => {
  const all = [
    statement(),
    statement({ Action: 'kms:DescribeKey' }),
    statement({ Effect: 'Deny', Action: 'kms:ScheduleKeyDeletion' }),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      expect(differ(policy(...all), policy(...shuffled))).toBe(0);
    }),
  );
});

test('a statement opens the key when it allows everybody or another account, and not when it denies', () => {
  const opens = (overrides: Record<string, unknown>): boolean =>
    read(policy(statement(overrides)))[0]!.opensTo(ACCOUNT);
  expect(opens({})).toBe(false);
  expect(opens({ Principal: '*' })).toBe(true);
  expect(opens({ Principal: { AWS: '999988887777' } })).toBe(true);
  expect(opens({ Principal: '*', Effect: 'Deny' })).toBe(false);
});
