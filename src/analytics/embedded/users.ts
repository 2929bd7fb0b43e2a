import { createHash, randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperationalError } from '../../base/index.ts';

const Credential = z.strictObject({ password: z.string().min(16).max(256) });

/** The two users of the embedded server: `keyledger` reads and writes, `sre` reads. */
export const ClickHouseUsers = z.strictObject({ keyledger: Credential, sre: Credential });
export type ClickHouseUsers = z.infer<typeof ClickHouseUsers>;

const PASSWORD_BYTES = 24;
const OWNER_ONLY = 0o600;

/**
 * The passwords in `<dir>/users.json`, generated on the first start and kept, so that a dashboard goes on working.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE when the file is there and is not what was written.
 */
export async function loadUsers(dir: string): Promise<ClickHouseUsers> {
  const path = join(dir, 'users.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    const fresh = (): z.infer<typeof Credential> => ({ password: randomBytes(PASSWORD_BYTES).toString('base64url') });
    const users = { keyledger: fresh(), sre: fresh() };
    await writePrivate(path, `${JSON.stringify(users, null, 2)}\n`);
    return users;
  }
  await chmod(path, OWNER_ONLY);
  const parsed = ClickHouseUsers.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new OperationalError(
    'DATA_DIRECTORY_UNUSABLE',
    `${path} is damaged. Remove it and new passwords are generated.`,
  );
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
