/** The parts that are played. The administrator is a user; the others are roles of services. */
export const SERVICES = ['payments', 'orders', 'reports', 'backup'] as const;
export type Service = (typeof SERVICES)[number];
export type Part = Service | 'administrator';

export const KEYS = ['cards', 'customers', 'archive'] as const;
export type KeyName = (typeof KEYS)[number];

export type ArnOf = (part: Part) => string;

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: { readonly AWS: string | readonly string[] };
  readonly Action: string | readonly string[];
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const document = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2);

/** The administrator looks after keys and cannot open anything with them. */
export const administratorPolicy = document([
  {
    Sid: 'LookAfterKeys',
    Effect: 'Allow',
    Action: [
      'Create*',
      'Describe*',
      'Enable*',
      'List*',
      'Put*',
      'Update*',
      'Disable*',
      'Get*',
      'RotateKeyOnDemand',
      'TagResource',
    ].map((action) => `kms:${action}`),
    Resource: '*',
  },
]);

/** What a service may do anywhere: next to nothing. Who may use a key is said by the key. */
export const servicePolicy = document([
  { Sid: 'LookAtKeys', Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' },
]);

/** Who may do what with each key, in the key's own policy. */
export function keyPolicy(key: KeyName, account: string, arnOf: ArnOf, extra: readonly Statement[] = []): string {
  const may = (
    Sid: string,
    part: Part | readonly Part[],
    actions: readonly string[],
    condition?: Statement['Condition'],
  ): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { AWS: [part].flat().map(arnOf) },
    Action: actions.map((action) => `kms:${action}`),
    Resource: '*',
    ...(condition === undefined ? {} : { Condition: condition }),
  });
  const own: Readonly<Record<KeyName, readonly Statement[]>> = {
    cards: [
      may('PaymentsSealsAndOpensCards', 'payments', ['GenerateDataKey', 'Decrypt'], {
        StringEquals: { 'kms:EncryptionContext:table': 'cards' },
      }),
      deny('OnlyPaymentsOpensCards', arnOf('backup'), ['Decrypt', 'ReEncryptFrom']),
    ],
    customers: [
      may('OrdersSealsCustomers', 'orders', ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']),
      may('OrdersAndReportsOpenCustomers', ['orders', 'reports'], ['Decrypt']),
    ],
    archive: [may('BackupSealsAndOpensVolumes', 'backup', ['GenerateDataKey', 'Decrypt'])],
  };
  const account_: Statement = {
    Sid: 'AccountUsesIamPolicies',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  return document([account_, ...own[key], ...extra]);
}

export const deny = (Sid: string, arn: string, actions: readonly string[]): Statement => ({
  Sid,
  Effect: 'Deny',
  Principal: { AWS: arn },
  Action: actions.map((action) => `kms:${action}`),
  Resource: '*',
});
