import type { Alert } from '../../events/index.ts';
import type { ClickHouse, Config } from '../doors.ts';
import type { Terminal } from '../terminal.ts';
import type { Company } from './company.ts';
import type { Narrator } from './narrator.ts';
import { SERVICES } from './policies.ts';
import type { Loot } from './theft.ts';
import { companySli, companyTable } from './watch.ts';

/** Everything the scenes need. */
export interface Stage {
  readonly terminal: Terminal;
  readonly narrator: Narrator;
  readonly company: Company;
  readonly sre: ClickHouse;
  readonly config: Config;
  readonly endpoint: string;
  /** How long the company works before the theft. */
  readonly seconds: number;
  /** Event time from which the tables are read. */
  readonly sinceUs: number;
  /** Ends the story early. */
  readonly stopped: AbortSignal;
}

/** How it went; what did not happen is undefined. */
export interface Ending {
  readonly alert?: Alert;
  /** From the first stolen call until the alert was read from ClickHouse. */
  readonly msToAlert?: number;
  readonly loot?: Loot;
  /** Calls of honest services that should have succeeded and did not, by error. */
  readonly faults: ReadonlyMap<string, number>;
}

/** The table as ClickHouse has it now; nothing where it has heard of nobody yet. */
export async function showSli({ terminal, narrator, sre, sinceUs, company }: Stage): Promise<void> {
  const rows = await companySli(sre, sinceUs, company.arnOf, ['administrator', ...SERVICES]);
  const facts = rows.map(({ name, counts, latency }) => ({ service: name, ...counts, p99Ms: latency?.p99Ms ?? null }));
  if (rows.length > 0) narrator.show('sli', companyTable(terminal, rows), { rows: facts });
}
