import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Config, Doors } from './doors.ts';
import type { Terminal } from './terminal.ts';

/** What a command is handed besides its own words. */
export interface Context {
  readonly terminal: Terminal;
  readonly doors: Doors;
  /** How the person called us, so that a command we suggest can be pasted. */
  readonly invocation: string;
  /**
   * The settings from the environment.
   *
   * @throws OperationalError CONFIG_INVALID
   */
  readonly settings: (roles?: readonly string[]) => Config;
  /**
   * Aborted by Ctrl-C, by SIGTERM, or when the reader of stdout has gone. Only a command that asks is told; for all others
   * a signal ends the process as usual.
   */
  readonly untilStopped: () => AbortSignal;
  /** Says what is wrong with the command line, and how it should look. Returns the exit code for it. */
  readonly misuse: (problem: string) => number;
  /** Says that the service refused, in its own words. Returns the exit code for it. */
  readonly refused: (refusal: { readonly code: string; readonly message: string }) => number;
}

export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What `keyledger <name> --help` prints; the first line is the usage. */
  readonly help: string;
  /** Returns the exit code. Faults of parseArgs and OperationalErrors may be thrown: the caller has words for them. */
  run(words: readonly string[], context: Context): Promise<number>;
}

/** `--json` is understood everywhere; it is looked for before the command is, so that faults are said in JSON too. */
const EVERYWHERE = { json: { type: 'boolean' } } as const;

/** The words of a command, strictly: an unknown option is a fault. */
export const parseWords = <const O extends NonNullable<ParseArgsConfig['options']>>(
  words: readonly string[],
  options: O,
  allowPositionals = false,
) => parseArgs({ args: [...words], options: { ...EVERYWHERE, ...options }, allowPositionals, strict: true });
