import { systemClock, type Closeable, type Log } from '../base/index.ts';
import {
  addPrincipal,
  listPrincipals,
  removePrincipal,
  type Credentials,
  type Principal,
  type Refusal,
} from '../kms/index.ts';
import type { Config } from './config.ts';
import { openLog } from './log.ts';
import { operatorOf, openVault } from './vault.ts';

/** What an operator does on the machine itself, beside a running service or without one. Every act is an event. */
export interface Operator extends Closeable {
  addPrincipal(
    arn: string,
    policies: readonly { readonly name: string; readonly text: string }[],
  ): Promise<Credentials | Refusal>;
  removePrincipal(arn: string): Promise<Refusal | undefined>;
  listPrincipals(): readonly Principal[];
  readonly events: {
    head(): number;
    read(from: number, limit: number): readonly { readonly seq: number; readonly bytes: Uint8Array }[];
  };
}

/** @throws OperationalError as openVault does. */
export async function openOperator(config: Config, log: Log = openLog('operator', config.logLevel)): Promise<Operator> {
  const { paths, account } = config;
  const { journal, keyring } = await openVault({ paths, account, clock: systemClock, log });
  const by = operatorOf(account);
  return {
    addPrincipal: (arn, policies) => addPrincipal(journal, keyring, by, { arn, policies }),
    removePrincipal: (arn) => removePrincipal(journal, by, arn),
    listPrincipals: () => listPrincipals(journal.state),
    events: journal,
    close: () => journal.close(),
  };
}
