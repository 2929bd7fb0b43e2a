import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { OperationalError, messageOf } from '../base/index.ts';
import { AccountId } from '../events/index.ts';
import { permissionsOf, type Permission } from './semantics.ts';

/** One document of the desired state: which policy a key should have. */
export const DesiredKey = z.strictObject({
  /** ARN of the key, or of its alias. */
  key: z.string().regex(/^arn:aws:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/, 'the ARN of a key or of an alias'),
  policy: z.union([z.string(), z.record(z.string(), z.json())]),
  owner: z.string().max(256).optional(),
});

export interface Desired {
  readonly key: string;
  readonly account: string;
  readonly permissions: readonly Permission[];
  /** Where it is said, for whoever has to look. */
  readonly file: string;
  readonly owner: string | undefined;
}

const MAX_FILE_BYTES = 1024 * 1024;
const wrong = (file: string, reason: string): OperationalError =>
  new OperationalError('CONFIG_INVALID', `${file}: ${reason}`);

function parseDesired(file: string, text: string): Desired {
  let raw: unknown;
  try {
    raw = parse(text, { uniqueKeys: true });
  } catch (cause) {
    throw wrong(file, messageOf(cause));
  }
  const document = DesiredKey.safeParse(raw);
  if (!document.success)
    throw wrong(file, document.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const { key, policy, owner } = document.data;
  const permissions = permissionsOf(typeof policy === 'string' ? policy : JSON.stringify(policy));
  if (permissions === undefined) throw wrong(file, 'policy: not a key policy; see the AWS grammar of key policies');
  return { key, account: AccountId.parse(key.split(':')[4]), permissions, file, owner };
}

/**
 * Reads the desired state: every `.json`, `.yaml` and `.yml` file of a folder, one key each. By ARN.
 *
 * @throws OperationalError CONFIG_INVALID naming the file, also where two files speak of one key.
 */
export function readDesiredState(directory: string): ReadonlyMap<string, Desired> {
  let names: readonly string[];
  try {
    names = readdirSync(directory)
      .filter((name) => /\.(json|ya?ml)$/.test(name))
      .sort();
  } catch (cause) {
    throw new OperationalError(
      'CONFIG_INVALID',
      `KEYLEDGER_DESIRED: the folder ${directory} cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
  const byKey = new Map<string, Desired>();
  for (const name of names) {
    const file = join(directory, name);
    if (statSync(file).size > MAX_FILE_BYTES) throw wrong(file, 'larger than 1 MiB');
    const desired = parseDesired(file, readFileSync(file, 'utf8'));
    const before = byKey.get(desired.key);
    if (before !== undefined) throw wrong(file, `${before.file} speaks of ${desired.key} already`);
    byKey.set(desired.key, desired);
  }
  return byKey;
}
