import { expect, test } from 'vitest';
import { aliasArn, keyArn, keyIdOf, parseKmsArn } from '../../../../src/kms/domain/index.ts';

test('the ARN of a key or an alias comes apart as it was put together', () => {
  expect(parseKmsArn(keyArn('eu-central-1', '000000000000', 'a-b'))).toEqual({
    region: 'eu-central-1',
    account: '000000000000',
    kind: 'key',
    name: 'a-b',
  });
  expect(parseKmsArn(aliasArn('eu-central-1', '000000000000', 'alias/a/b'))).toEqual({
    region: 'eu-central-1',
    account: '000000000000',
    kind: 'alias',
    name: 'alias/a/b',
  });
  expect(keyIdOf(keyArn('r', 'a', 'k'))).toBe('k');
});

test('an ARN of anything else is not one', () => {
  const others = [
    '',
    'arn',
    'arn:aws:kms',
    'arn:aws:kms:r:a:key/',
    'arn:aws:kms:r:a:alias/',
    'arn:aws:kms:r:a:',
    'arn:aws:s3:r:a:key/k',
    'arn:aws-cn:kms:r:a:key/k',
    'urn:aws:kms:r:a:key/k',
    'arn:aws:iam::000000000000:root',
  ];
  for (const text of others) expect(parseKmsArn(text)).toBeUndefined();
});
