import { closeSync, constants, fstatSync, fsyncSync, linkSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { OperationalError, messageOf } from '../../base/index.ts';
import { secretRandom } from './random.ts';

const ROOT_KEY_BYTES = 32;
const OTHERS = 0o077;

/**
 * The root key from a file that only its owner may read; the file is made, and made durable, where there is none and `create`
 * says that nothing was sealed with another one yet.
 *
 * @throws OperationalError ROOT_KEY_UNUSABLE
 */
export function openRootKeyFile(path: string, create: boolean): KeyObject {
  if (create) makeRootKeyFile(path);
  let fd: number;
  try {
    // O_NONBLOCK, or a pipe in its place would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new OperationalError(
      'ROOT_KEY_UNUSABLE',
      `The root key file ${path} cannot be read; restore it, for without it no key here can be used.`,
      { cause },
    );
  }
  const bytes = Buffer.alloc(ROOT_KEY_BYTES + 1);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile())
      throw new OperationalError(
        'ROOT_KEY_UNUSABLE',
        `${path} is not a file; restore the root key file from its copy.`,
      );
    if ((stat.mode & OTHERS) !== 0)
      throw new OperationalError(
        'ROOT_KEY_UNUSABLE',
        `The root key file ${path} can be read by others; run: chmod 600 ${path}`,
      );
    if (readSync(fd, bytes, 0, ROOT_KEY_BYTES + 1, 0) !== ROOT_KEY_BYTES)
      throw new OperationalError(
        'ROOT_KEY_UNUSABLE',
        `The root key file ${path} is not ${String(ROOT_KEY_BYTES)} bytes; restore it from its copy.`,
      );
    return createSecretKey(bytes.subarray(0, ROOT_KEY_BYTES));
  } finally {
    bytes.fill(0);
    closeSync(fd);
  }
}

/** Under its name the file is whole and durable or not there at all: half a key would stop every later start. */
function makeRootKeyFile(path: string): void {
  const unnamed = `${path}.${randomUUID()}`;
  try {
    writeRootKey(unnamed);
    // A link, unlike a rename, never replaces a key that another process has just made.
    linkSync(unnamed, path);
    const directory = openSync(dirname(path), constants.O_RDONLY);
    fsyncSync(directory);
    closeSync(directory);
  } catch (cause) {
    // Made by a start that a crash ended before anything was sealed: as good as a new one.
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new OperationalError(
      'ROOT_KEY_UNUSABLE',
      `The root key file ${path} cannot be created (${messageOf(cause)}); give the service user access to its directory.`,
      { cause },
    );
  } finally {
    rmSync(unnamed, { force: true });
  }
}

function writeRootKey(path: string): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  const bytes = secretRandom(ROOT_KEY_BYTES);
  try {
    writeSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    bytes.fill(0);
    closeSync(fd);
  }
}
