import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { OperationalError } from '../../base/index.ts';
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
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new OperationalError(
      'ROOT_KEY_UNUSABLE',
      `The root key file ${path} cannot be read; restore it, for without it no key here can be used.`,
      { cause },
    );
  }
  const bytes = Buffer.alloc(ROOT_KEY_BYTES + 1);
  try {
    if ((fstatSync(fd).mode & OTHERS) !== 0)
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

function makeRootKeyFile(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return; // A crash after this line and before the first seal left a good file.
    throw new OperationalError(
      'ROOT_KEY_UNUSABLE',
      `The root key file ${path} cannot be created; give the service user access to its directory.`,
      { cause },
    );
  }
  const bytes = secretRandom(ROOT_KEY_BYTES);
  try {
    writeSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    bytes.fill(0);
    closeSync(fd);
  }
  const directory = openSync(dirname(path), constants.O_RDONLY);
  fsyncSync(directory);
  closeSync(directory);
}
