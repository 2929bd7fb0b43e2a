import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { OperationalError, messageOf, type Clock, type Log } from '../base/index.ts';
import type { Actor } from '../events/index.ts';
import { Journal } from '../journal/index.ts';
import { Keyring, createSealedKeyring, openRootKeyFile } from '../kms/crypto/index.ts';
import { KeyStore } from '../kms/keystore/index.ts';
import { addPrincipal, freshAccessKey, listPrincipals, rootArn } from '../kms/index.ts';
import type { DataPaths } from './config.ts';

/** The write side's possessions: journal, keyring and wrapped keys of one data directory. */
export interface Vault {
  readonly journal: Journal;
  readonly keyring: Keyring;
  readonly keyStore: KeyStore;
}

const KEYRING = 'keyring';

export const operatorOf = (account: string): Actor => ({
  arn: `arn:aws:keyledger::${account}:operator/local`,
  type: 'operator',
  account,
});

/** @throws OperationalError DATA_DIRECTORY_UNUSABLE */
export function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperationalError(
      'DATA_DIRECTORY_UNUSABLE',
      `The data directory ${path} cannot be created (${messageOf(cause)}). Give the service user access to it, or set KEYLEDGER_DATA.`,
      { cause },
    );
  }
}

/**
 * Opens the journal and unseals the keyring; on a fresh directory makes both, as an event.
 *
 * @throws OperationalError DATA_DIRECTORY_UNUSABLE, DATA_FORMAT_UNKNOWN, ROOT_KEY_UNUSABLE
 */
export async function openVault(options: {
  paths: DataPaths;
  account: string;
  clock: Clock;
  log: Log;
  onFence?: (error: OperationalError) => void;
}): Promise<Vault> {
  const { paths, account, clock, log, onFence } = options;
  prepareDirectory(paths.root);
  const journal = new Journal({ path: paths.journal, clock, log, ...(onFence === undefined ? {} : { onFence }) });
  const sealed = journal.state.get('meta', KEYRING);
  const rootKey = openRootKeyFile(paths.rootKey, sealed === undefined);
  const keyring = Keyring.open(
    rootKey,
    sealed instanceof Uint8Array ? sealed : await initialise(journal, createSealedKeyring(rootKey), account),
  );
  return { journal, keyring, keyStore: new KeyStore(keyring) };
}

/** The keyring's birth. A crash before the commit leaves a root key that has sealed nothing; the next start uses it. */
async function initialise(journal: Journal, sealedKeyring: Buffer, account: string): Promise<Uint8Array> {
  const { answer } = await journal.recordInTurn((state) => {
    const present = state.get('meta', KEYRING);
    return {
      draft: {
        operation: 'InitialiseKeyring',
        kind: 'system',
        outcome: 'success',
        region: 'global',
        actor: { arn: `arn:aws:keyledger::${account}:system/vault`, type: 'system', account },
        origin: {},
        request: {},
        trace: { requestId: randomUUID() },
        changes: [],
        startedUs: Number.MAX_SAFE_INTEGER,
        cryptoUs: 0,
      },
      writes: present === undefined ? [{ table: 'meta', key: KEYRING, value: sealedKeyring }] : [],
      answer: present instanceof Uint8Array ? present : sealedKeyring,
    };
  });
  return answer;
}

/**
 * Makes sure that the account's root principal can sign in: credentials are written before the event that makes them valid, so that a
 * crash between the two leaves a file whose access key the next start registers.
 */
export async function ensureFirstCredentials(vault: Vault, paths: DataPaths, account: string): Promise<void> {
  const root = rootArn(account);
  const known = listPrincipals(vault.journal.state).some(
    ({ arn, accessKeyIds }) => arn === root && accessKeyIds.length > 0,
  );
  if (known) return;
  const fresh = existsSync(paths.credentials)
    ? readCredentials(paths.credentials)
    : writeCredentials(paths.credentials);
  const added = await addPrincipal(vault.journal, vault.keyring, operatorOf(account), {
    arn: root,
    policies: [],
    accessKey: fresh,
  });
  if ('code' in added)
    throw new OperationalError(
      'DATA_DIRECTORY_UNUSABLE',
      `The first credentials cannot be registered: ${added.message}`,
    );
}

const PROFILE = 'keyledger';

/** The access key in an AWS shared-credentials file, profile `keyledger`. */
export function readCredentials(path: string): { id: string; secret: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperationalError(
      'SERVICE_UNREACHABLE',
      `There are no credentials at ${path}. Start Keyledger once with \`npm start\`, or set KEYLEDGER_DATA.`,
      { cause },
    );
  }
  const id = /^aws_access_key_id\s*=\s*(\S+)\s*$/m.exec(text)?.[1];
  const secret = /^aws_secret_access_key\s*=\s*(\S+)\s*$/m.exec(text)?.[1];
  if (id === undefined || secret === undefined)
    throw new OperationalError(
      'CONFIG_INVALID',
      `${path} is not a credentials file; restore it or remove it together with the data directory.`,
    );
  return { id, secret };
}

function writeCredentials(path: string): { id: string; secret: string } {
  const key = freshAccessKey();
  const text = `[${PROFILE}]\naws_access_key_id = ${key.id}\naws_secret_access_key = ${key.secret}\n`;
  const temporary = `${path}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  writeSync(fd, text);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, path);
  // Durable before the event that makes the access key valid: after a power cut the secret would be nowhere else.
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
  return key;
}
