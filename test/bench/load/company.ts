import type { AccessKey } from './sign.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
const ROLES = 8;
const KEYS = 16;
const TENANTS = 64;

/** A role that may call, as the seed file makes it. */
export interface Caller {
  readonly arn: string;
  readonly key: AccessKey;
}

const pad = (number: number): string => String(number).padStart(2, '0');

/** Eight roles; the access keys are made up, and valid only in the data directory of one run. */
export const CALLERS: readonly Caller[] = Array.from({ length: ROLES }, (_, at) => ({
  arn: `arn:aws:iam::${ACCOUNT}:role/service-${pad(at)}`,
  key: { id: `AKIABENCH${'0'.repeat(9)}${pad(at)}`, secret: `bench-secret-${pad(at)}-`.padEnd(40, 'x') },
}));

export const ALIASES: readonly string[] = Array.from({ length: KEYS }, (_, at) => `alias/bench-${pad(at)}`);

export const contextOf = (at: number): Readonly<Record<string, string>> => ({
  tenant: `tenant-${at % TENANTS}`,
  purpose: 'bench',
});

/** What a platform team would write: the account's own statement, administrators, users under a condition, and a Deny. */
const policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Account',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'Administer',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/administrator` },
      Action: ['kms:Describe*', 'kms:Put*', 'kms:Enable*', 'kms:Disable*', 'kms:ScheduleKeyDeletion'],
      Resource: '*',
    },
    {
      Sid: 'Use',
      Effect: 'Allow',
      Principal: { AWS: CALLERS.map(({ arn }) => arn) },
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:purpose': 'bench' } },
    },
    {
      Sid: 'NeverWithoutTenant',
      Effect: 'Deny',
      Principal: '*',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: { Null: { 'kms:EncryptionContext:tenant': 'true' } },
    },
  ],
};

/** The seed file (KEYLEDGER_SEED) of a data directory that is measured. */
export const seedFile = (): string =>
  JSON.stringify({
    principals: CALLERS.map(({ arn, key }) => ({ arn, accessKeyId: key.id, secretAccessKey: key.secret })),
    keys: ALIASES.map((alias) => ({ alias, region: REGION, policy })),
  });
