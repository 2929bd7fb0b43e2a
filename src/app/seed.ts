import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { parse } from 'yaml';
import { z } from 'zod';
import { OperationalError, messageOf, type Clock, type Log } from '../base/index.ts';
import { addPrincipal, listPrincipals, rootArn, type KeyService } from '../kms/index.ts';
import { operatorOf, type Vault } from './vault.ts';

const Account = z.string().regex(/^\d{12}$/);
const Document = z
  .union([z.string(), z.record(z.string(), z.json())])
  .transform((policy) => (typeof policy === 'string' ? policy : JSON.stringify(policy)));

/** What a seed file may say. YAML; accounts come into being with their first principal or key. */
export const Seed = z.strictObject({
  accounts: z.array(Account).default([]),
  principals: z
    .array(
      z.strictObject({
        arn: z.string(),
        accessKeyId: z.string().regex(/^[A-Z0-9]{16,128}$/),
        secretAccessKey: z.string().min(40),
        policies: z.record(z.string(), Document).default({}),
      }),
    )
    .default([]),
  keys: z
    .array(
      z.strictObject({
        alias: z.string().startsWith('alias/'),
        account: Account.optional(),
        region: z.string().default('us-east-1'),
        description: z.string().default(''),
        policy: Document.optional(),
        tags: z.record(z.string(), z.string()).default({}),
        rotationPeriodInDays: z.int().min(90).max(2560).optional(),
      }),
    )
    .default([]),
});

interface SeedOptions {
  readonly file: string;
  readonly vault: Vault;
  readonly service: KeyService;
  readonly clock: Clock;
  readonly log: Log;
  readonly account: string;
}

/** @throws OperationalError CONFIG_INVALID */
function readSeed(file: string): z.infer<typeof Seed> {
  try {
    return Seed.parse(parse(readFileSync(file, 'utf8'), { uniqueKeys: true }) ?? {});
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError
        ? cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
        : messageOf(cause);
    throw new OperationalError('CONFIG_INVALID', `The seed file ${file} is wrong: ${reason}`, { cause });
  }
}

/** Brings into being what the file names and is not there yet; what is there is left as it is. All of it is events. */
export async function seed({ file, vault, service, log, account }: SeedOptions): Promise<void> {
  const { accounts, principals, keys } = readSeed(file);
  const by = operatorOf(account);
  const known = new Set(listPrincipals(vault.journal.state).map(({ arn }) => arn));
  const owners = new Set([...accounts, ...keys.map((key) => key.account ?? account)].map(rootArn));
  const wanted = [
    ...principals.map(({ arn, accessKeyId, secretAccessKey, policies }) => ({
      arn,
      policies: Object.entries(policies).map(([name, text]) => ({ name, text })),
      accessKey: { id: accessKeyId, secret: secretAccessKey },
    })),
    ...[...owners].map((arn) => ({ arn, policies: [] })),
  ];
  for (const principal of wanted) {
    if (known.has(principal.arn)) continue;
    const added = await addPrincipal(vault.journal, vault.keyring, by, principal);
    if ('code' in added)
      throw new OperationalError('CONFIG_INVALID', `The seed file ${file} is wrong: ${added.message}`);
    known.add(principal.arn);
  }
  let made = 0;
  for (const key of keys) made += (await seedKey(service, rootArn(key.account ?? account), key)) ? 1 : 0;
  log.info('seeded', { file, principals: wanted.length, keysCreated: made });
}

type SeedOperation = 'DescribeKey' | 'CreateKey' | 'EnableKeyRotation' | 'CreateAlias';

async function seedKey(service: KeyService, root: string, key: z.infer<typeof Seed>['keys'][number]): Promise<boolean> {
  const call = async (operation: SeedOperation, input: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const answer = await service.internal({
      operation,
      input,
      principal: root,
      region: key.region,
      requestId: randomUUID(),
      userAgent: 'keyledger-seed',
    });
    if (answer.errorType !== undefined && answer.errorType !== 'NotFoundException')
      throw new OperationalError(
        'CONFIG_INVALID',
        `The seed's key ${key.alias} cannot be made: ${answer.errorType} ${answer.body}`,
      );
    return {
      ...(JSON.parse(answer.body) as Record<string, unknown>),
      missing: answer.errorType === 'NotFoundException',
    };
  };
  if ((await call('DescribeKey', { KeyId: key.alias }))['missing'] === false) return false;
  const created = await call('CreateKey', {
    Description: key.description,
    ...(key.policy === undefined ? {} : { Policy: key.policy }),
    Tags: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  });
  const { KeyId } = created['KeyMetadata'] as { KeyId: string };
  if (key.rotationPeriodInDays !== undefined)
    await call('EnableKeyRotation', { KeyId, RotationPeriodInDays: key.rotationPeriodInDays });
  // Last, because the alias is what says that the key is there: a crash before this line leaves a key without a name, and the next start makes another.
  await call('CreateAlias', { AliasName: key.alias, TargetKeyId: KeyId });
  return true;
}
