import { createHash, randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, OperationalError } from '../../base/index.ts';

const Credential = z.strictObject({ password: z.string().min(16).max(256) });

/** The two users of the embedded server: `keyledger` reads and writes, `sre` reads. */
export const ClickHouseUsers = z.strictObject({ keyledger: Credential, sre: Credential });
export type ClickHouseUsers = z.infer<typeof ClickHouseUsers>;

const FILE = 'users.json';
const PASSWORD_BYTES = 24;
const OWNER_ONLY = 0o600;

/**
 * The passwords in `<dir>/users.json`; undefined where no server was ever started.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE when the file cannot be read or is not what was written.
 */
export async function readUsers(dir: string): Promise<ClickHouseUsers | undefined> {
  const path = join(dir, FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new OperationalError('DATA_DIRECTORY_UNUSABLE', `${path}: ${messageOf(cause)}`, { cause });
  });
  if (text === undefined) return undefined;
  const parsed = ClickHouseUsers.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new OperationalError(
    'DATA_DIRECTORY_UNUSABLE',
    `${path} is damaged. Remove it and new passwords are generated.`,
  );
}

/** As {@link readUsers}; generated on the first start and kept, so that a dashboard goes on working. */
export async function loadUsers(dir: string): Promise<ClickHouseUsers> {
  const path = join(dir, FILE);
  const kept = await readUsers(dir);
  if (kept !== undefined) {
    await chmod(path, OWNER_ONLY);
    return kept;
  }
  const fresh = (): z.infer<typeof Credential> => ({ password: randomBytes(PASSWORD_BYTES).toString('base64url') });
  const users = { keyledger: fresh(), sre: fresh() };
  await writePrivate(path, `${JSON.stringify(users, null, 2)}\n`);
  return users;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces a file in one step; nobody but the owner ever reads it, not even half of it. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.${String(process.pid)}.tmp`;
  const file = await open(temporary, 'w', OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

export const sha256Hex = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
