import { resolve } from 'node:path';
import { z } from 'zod';
import { OperationalError } from '../base/index.ts';

/** What one process tree may do. `serve` starts all of them unless `--roles` says otherwise. */
export const ROLES = ['api', 'ledger', 'relay', 'projections', 'analytics', 'detect', 'drift', 'alerts'] as const;
export type Role = (typeof ROLES)[number];

const port = z.coerce.number().int().min(0).max(65_535);
const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
  .refine((items) => items.length > 0, 'names nothing');

const Environment = z.object({
  KEYLEDGER_DATA: z.string().min(1).default('./data'),
  KEYLEDGER_ACCOUNT: z
    .string()
    .regex(/^\d{12}$/, 'an account is twelve digits')
    .default('000000000000'),
  KEYLEDGER_HOST: z.string().min(1).default('127.0.0.1'),
  KEYLEDGER_API_PORT: port.default(7600),
  KEYLEDGER_CONSOLE_PORT: port.default(7601),
  KEYLEDGER_CLICKHOUSE_PORT: port.default(7623),
  KEYLEDGER_SEED: z.string().min(1).optional(),
  /** Folder of desired key policies; without it nothing is compared. */
  KEYLEDGER_DESIRED: z.string().min(1).optional(),
  KEYLEDGER_QUOTAS: z.enum(['protective', 'aws']).default('protective'),
  KEYLEDGER_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
  KEYLEDGER_WEBHOOK_URL: z.url().optional(),
  /** One or two secrets, comma separated, newest first: `whsec_<base64>`. */
  KEYLEDGER_WEBHOOK_SECRET: list.optional(),
  KEYLEDGER_WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
  KAFKA_BROKERS: list.optional(),
  CLICKHOUSE_URL: z.url().optional(),
  CLICKHOUSE_USER: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
});

export interface ClickHouseAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Config {
  readonly paths: DataPaths;
  readonly account: string;
  readonly host: string;
  readonly apiPort: number;
  readonly consolePort: number;
  /** Port of the embedded ClickHouse. */
  readonly clickHousePort: number;
  /** A ClickHouse that somebody else runs; undefined for the embedded one. */
  readonly clickHouse: ClickHouseAccess | undefined;
  /** Undefined for the embedded log. */
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly seedFile: string | undefined;
  /** Folder of desired key policies. */
  readonly desiredDirectory: string | undefined;
  readonly quotas: 'protective' | 'aws';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly webhook:
    { readonly url: string; readonly secrets: readonly string[]; readonly allowPrivate: boolean } | undefined;
  readonly roles: readonly Role[];
}

/** Where everything lies under the data directory. */
export interface DataPaths {
  readonly root: string;
  readonly rootKey: string;
  readonly credentials: string;
  readonly instance: string;
  readonly journal: string;
  readonly stream: string;
  readonly relayCheckpoint: string;
  readonly projections: string;
  readonly detect: string;
  readonly drift: string;
  readonly alerts: string;
  readonly ledger: string;
  readonly ledgerKey: string;
  readonly clickHouse: string;
}

export function dataPaths(directory: string): DataPaths {
  const root = resolve(directory);
  const at = (name: string): string => `${root}/${name}`;
  return {
    root,
    rootKey: at('root-key'),
    credentials: at('credentials'),
    instance: at('instance'),
    journal: at('journal'),
    stream: at('stream'),
    relayCheckpoint: at('relay-position'),
    projections: at('projections'),
    detect: at('detect'),
    drift: at('drift'),
    alerts: at('alerts'),
    ledger: at('ledger'),
    ledgerKey: at('ledger-key'),
    clickHouse: at('clickhouse'),
  };
}

/**
 * Reads the settings once. Unknown variables are other people's; an empty one counts as not set.
 *
 * @throws OperationalError CONFIG_INVALID, naming every fault at once.
 */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
  roles: readonly string[] = ROLES,
): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = Environment.safeParse(given);
  const faults = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const wanted = roles.filter((role): role is Role => (ROLES as readonly string[]).includes(role));
  if (wanted.length !== roles.length || roles.length === 0) faults.push(`--roles: choose from ${ROLES.join(', ')}`);
  const settings = parsed.data;
  // Of what was given, for a fault elsewhere leaves nothing parsed.
  if (given['KEYLEDGER_WEBHOOK_URL'] !== undefined && given['KEYLEDGER_WEBHOOK_SECRET'] === undefined)
    faults.push('KEYLEDGER_WEBHOOK_SECRET: needed with KEYLEDGER_WEBHOOK_URL, as whsec_ and 32 random bytes in base64');
  if (given['KAFKA_BROKERS'] === undefined && wanted.length !== ROLES.length && !onlyFrontDoor(wanted))
    faults.push('--roles: without KAFKA_BROKERS all roles run in one place; set KAFKA_BROKERS to spread them');
  if (settings === undefined || faults.length > 0)
    throw new OperationalError('CONFIG_INVALID', `Settings are wrong: ${faults.join('; ')}`);
  return {
    paths: dataPaths(settings.KEYLEDGER_DATA),
    account: settings.KEYLEDGER_ACCOUNT,
    host: settings.KEYLEDGER_HOST,
    apiPort: settings.KEYLEDGER_API_PORT,
    consolePort: settings.KEYLEDGER_CONSOLE_PORT,
    clickHousePort: settings.KEYLEDGER_CLICKHOUSE_PORT,
    clickHouse:
      settings.CLICKHOUSE_URL === undefined
        ? undefined
        : { url: settings.CLICKHOUSE_URL, user: settings.CLICKHOUSE_USER, password: settings.CLICKHOUSE_PASSWORD },
    kafkaBrokers: settings.KAFKA_BROKERS,
    seedFile: settings.KEYLEDGER_SEED,
    desiredDirectory: settings.KEYLEDGER_DESIRED,
    quotas: settings.KEYLEDGER_QUOTAS,
    logLevel: settings.KEYLEDGER_LOG_LEVEL,
    webhook:
      settings.KEYLEDGER_WEBHOOK_URL === undefined
        ? undefined
        : {
            url: settings.KEYLEDGER_WEBHOOK_URL,
            secrets: settings.KEYLEDGER_WEBHOOK_SECRET ?? [],
            allowPrivate: settings.KEYLEDGER_WEBHOOK_ALLOW_PRIVATE,
          },
    roles: wanted,
  };
}

/** A KMS alone: events wait in the journal until their readers are started. */
const onlyFrontDoor = (roles: readonly Role[]): boolean => roles.every((role) => role === 'api' || role === 'ledger');
