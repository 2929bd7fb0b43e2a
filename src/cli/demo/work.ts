import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  KMSServiceException,
} from '@aws-sdk/client-kms';
import { pause } from '../terminal.ts';
import { assert, messageOf } from '../../base/index.ts';
import type { Company } from './company.ts';
import type { KeyName, Part } from './policies.ts';

/** A record as a service stores it: its data key, sealed under a key of the company, and what that is bound to. */
export interface SealedRecord {
  readonly ciphertext: Uint8Array;
  readonly context: Readonly<Record<string, string>>;
}

/** What the services did so far. */
export interface Workday {
  /** The table of customers: whoever has a copy has nothing without Decrypt. */
  readonly customers: readonly SealedRecord[];
  /** A card sealed before now, to be opened after a rotation. */
  readonly cards: readonly SealedRecord[];
  /** Calls that should have succeeded and did not, by error. */
  readonly faults: ReadonlyMap<string, number>;
}

/** Services remember so many; older ones have been archived. */
const REMEMBERED = 5_000;
const WRITERS = 8;

/** Envelope encryption as services do it: a data key per record, sealed under the KMS key, opened when the record is read. */
export function openWorkday(company: Company, tell: (step: string, who: Part, text: string) => void) {
  const cards: SealedRecord[] = [];
  const customers: SealedRecord[] = [];
  const volumes: SealedRecord[] = [];
  const faults = new Map<string, number>();
  let missteps = 0;
  let numbered = 0;

  const remember = (table: SealedRecord[], record: SealedRecord): void => {
    table.push(record);
    if (table.length > REMEMBERED) table.shift();
  };

  async function seal(part: Part, key: KeyName, table: SealedRecord[], context: Record<string, string>): Promise<void> {
    const { CiphertextBlob, Plaintext } = await company
      .clientOf(part)
      .send(
        new GenerateDataKeyCommand({ KeyId: company.keys[key].alias, KeySpec: 'AES_256', EncryptionContext: context }),
      );
    assert(CiphertextBlob, 'GenerateDataKey answers with a ciphertext');
    // Here a service would encrypt the record. It keeps the sealed data key and forgets the open one.
    Plaintext?.fill(0);
    remember(table, { ciphertext: CiphertextBlob, context });
  }

  async function unseal(part: Part, record: SealedRecord | undefined): Promise<void> {
    if (record === undefined) return;
    const { ciphertext, context } = record;
    const { Plaintext } = await company
      .clientOf(part)
      .send(new DecryptCommand({ CiphertextBlob: ciphertext, EncryptionContext: { ...context } }));
    Plaintext?.fill(0);
  }

  const customer = (): Record<string, string> => ({
    table: 'customers',
    customer: `c-${String((numbered += 1)).padStart(5, '0')}`,
  });

  /** Backup is configured wrongly and tries to read cards, which their key's policy forbids. */
  async function misstep(): Promise<void> {
    if (!(await isRefused('backup', pick(cards)))) return;
    missteps += 1;
    if (missteps === 1)
      tell('denied', 'backup', 'tries to open a card and is refused: AccessDeniedException. That is an event too');
  }

  /** Shut out with the thief who used its access key, reports waits for a new one and is refused until then. */
  async function report(): Promise<void> {
    await isRefused('reports', pick(customers));
  }

  /** Tries to open a record; whether the policies forbid it. */
  async function isRefused(part: Part, record: SealedRecord | undefined): Promise<boolean> {
    try {
      await unseal(part, record);
      return false;
    } catch (error) {
      if (isDenied(error)) return true;
      throw error;
    }
  }

  const jobs: readonly { readonly perSecond: number; readonly run: () => Promise<void> }[] = [
    {
      perSecond: 1.5,
      run: () => seal('payments', 'cards', cards, { table: 'cards', card: `p-${String((numbered += 1))}` }),
    },
    { perSecond: 2, run: () => unseal('payments', pick(cards)) },
    { perSecond: 2, run: () => seal('orders', 'customers', customers, customer()) },
    { perSecond: 3, run: () => unseal('orders', pick(customers)) },
    { perSecond: 1, run: report },
    { perSecond: 0.5, run: () => seal('backup', 'archive', volumes, { volume: `v-${String((numbered += 1))}` }) },
    { perSecond: 0.5, run: () => unseal('backup', pick(volumes)) },
    { perSecond: 0.15, run: misstep },
  ];

  async function repeat(perSecond: number, run: () => Promise<void>, stopped: AbortSignal): Promise<void> {
    for (;;) {
      // Independent callers arrive as a Poisson process does: waits are exponential, capped so that no service seems dead.
      await pause(Math.min(3, -Math.log(1 - Math.random())) * (1000 / perSecond), stopped);
      if (stopped.aborted) return;
      await run().catch((error: unknown) => count(faults, error));
    }
  }

  const day: Workday = {
    customers,
    cards,
    faults,
  };

  return {
    day,
    /** Fills the table of customers, as an import from elsewhere would. */
    async importCustomers(amount: number, stopped: AbortSignal): Promise<void> {
      const orders = company.clientOf('orders');
      let left = amount;
      const write = async (): Promise<void> => {
        while (left > 0 && !stopped.aborted) {
          left -= 1;
          const context = customer();
          const KeyId = company.keys.customers.alias;
          const { CiphertextBlob } = await orders.send(
            new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: context }),
          );
          assert(CiphertextBlob, 'GenerateDataKeyWithoutPlaintext answers with a ciphertext');
          remember(customers, { ciphertext: CiphertextBlob, context });
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, write));
    },
    /** Works until stopped; resolves when the last call has been answered. */
    async work(stopped: AbortSignal): Promise<void> {
      await Promise.all(jobs.map(({ perSecond, run }) => repeat(perSecond, run, stopped)));
    },
    /** Opens one record, for all to see. */
    open: unseal,
  };
}

const pick = (table: readonly SealedRecord[]): SealedRecord | undefined =>
  table[Math.floor(Math.random() * table.length)];

export const isDenied = (error: unknown): boolean =>
  error instanceof KMSServiceException && error.name === 'AccessDeniedException';

export function count(faults: Map<string, number>, error: unknown): void {
  const name = error instanceof KMSServiceException ? error.name : messageOf(error);
  faults.set(name, (faults.get(name) ?? 0) + 1);
}
