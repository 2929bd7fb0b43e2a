import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationalError, messageOf } from '../base/index.ts';
import { formatVkey, isKeyName } from './vkey.ts';

/** Signs checkpoints of one log. Where the key lies is the signer's matter: a file here, an HSM elsewhere. */
export interface LedgerSigner {
  /** First line of every checkpoint and name of the key: a URL without scheme, no spaces, no plus. */
  readonly origin: string;
  /** What verifies the signatures; public. */
  readonly vkey: string;
  /** An Ed25519 signature (RFC 8032) over the message. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A signer for an Ed25519 private key in memory. */
export function signerOf(origin: string, privateKey: KeyObject): LedgerSigner {
  if (!isKeyName(origin)) throw new TypeError('An origin has neither spaces nor plus signs');
  return {
    origin,
    vkey: formatVkey(origin, createPublicKey(privateKey)),
    sign: (message) => sign(null, message, privateKey),
  };
}

/**
 * A signer whose key lies in a file (PKCS#8 PEM, mode 0600), made on first use.
 *
 * @throws OperationalError LEDGER_KEY_UNUSABLE where the file is readable by others or not an Ed25519 key.
 */
export async function openFileSigner(file: string, origin: string): Promise<LedgerSigner> {
  const pem = (await readKey(file)) ?? (await createKey(file));
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The parser's own words could quote the file.
    throw unusable(`${file} does not hold a private key`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unusable(`${file} does not hold an Ed25519 key`);
  return signerOf(origin, key);
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw unusable(`${file} is open to others than its owner (it must have mode 0600)`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    if (isMissing(error)) return undefined;
    throw unusable(`${file}: ${messageOf(error)}`, error);
  }
}

/** Makes the file whole or not at all, and never over another one: a key that is lost cannot sign its log again. */
async function createKey(file: string): Promise<Buffer> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await withHandle(await open(temporary, 'w', 0o600), async (handle) => {
      await handle.writeFile(pem);
      await handle.sync();
    });
    await link(temporary, file);
    await unlink(temporary);
    await withHandle(await open(dirname(file), 'r'), (handle) => handle.sync());
    return pem;
  } catch (error) {
    throw unusable(`${file}: ${messageOf(error)}`, error);
  }
}

async function withHandle(handle: FileHandle, act: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await act(handle);
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const unusable = (message: string, cause?: unknown): OperationalError =>
  new OperationalError('LEDGER_KEY_UNUSABLE', message, { cause });
