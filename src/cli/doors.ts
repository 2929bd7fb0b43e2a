import type { ClickHouse } from '../analytics/index.ts';
import type { Config, Operator, ServeOptions } from '../app/index.ts';

/** The rooms that commands enter. `main.ts` hands in the real ones, and loads them only when one is entered. */
export interface Doors {
  /** Runs until stopped; resolves to the exit code. */
  serve(config: Config, options: ServeOptions): Promise<number>;
  /** The data directory, beside a running service or without one. */
  openOperator(config: Config): Promise<Operator>;
  /** ClickHouse as the user who may only read. */
  openSre(config: Config): Promise<ClickHouse>;
}

export type { ClickHouse, Config, Operator };
