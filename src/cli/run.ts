import { parseConfig } from '../app/config.ts';
import { EXIT, exitCodeOf } from '../app/exit-codes.ts';
import { VERSION } from '../app/version.ts';
import { OperationalError } from '../base/index.ts';
import type { Command, Context } from './command.ts';
import { demo } from './demo/command.ts';
import type { Doors } from './doors.ts';
import { events } from './events.ts';
import { overview } from './help.ts';
import { principals } from './principals.ts';
import { serve } from './serve.ts';
import { sli } from './sli.ts';
import { status } from './status.ts';
import { openTerminal, type Sink } from './terminal.ts';
import { version } from './version.ts';

export const COMMANDS: readonly Command[] = [serve, demo, status, sli, events, principals, version];

/** The world outside a command line. */
export interface Surroundings {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly doors: Doors;
  readonly invocation: string;
  /** Calls back on the first Ctrl-C and the first SIGTERM instead of ending; a second one ends the process. */
  onSignal(stop: () => void): void;
}

/** Runs one command line and returns its exit code. A bug is thrown. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, environment, doors, invocation } = surroundings;
  const stop = new AbortController();
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = own.includes('--json');
  const terminal = openTerminal({ stdout, stderr, environment, json, onGone: () => stop.abort() });
  const name = argv.find((word) => !word.startsWith('-'));
  const command = COMMANDS.find((candidate) => candidate.name === name);

  const complain = (code: string, message: string): void =>
    terminal.talk(json ? JSON.stringify({ code, message }) : `keyledger: ${message}`);
  const context: Context = {
    terminal,
    doors,
    invocation,
    settings: (roles) => parseConfig(environment, roles),
    untilStopped: () => {
      surroundings.onSignal(() => stop.abort());
      return stop.signal;
    },
    misuse: (problem) => {
      complain('USAGE', problem);
      if (!json) terminal.talk(hint(command, invocation));
      return EXIT.usage;
    },
    refused: ({ code, message }) => {
      complain(code, message);
      return code === 'NotFoundException' ? EXIT.notFound : EXIT.failure;
    },
  };

  const wantsHelp = name === 'help' || own.includes('--help') || own.includes('-h');
  if (wantsHelp) return help(argv, context);
  if (name === undefined && own.includes('--version'))
    return version.run(
      own.filter((word) => word === '--json'),
      context,
    );
  if (command === undefined && name !== undefined) return context.misuse(unknown(name));
  if (command === undefined) {
    // Whoever types the bare name wants to know what there is; a script that lost its command must notice.
    if (json) return context.misuse('which command?');
    terminal.talk(overview(COMMANDS, invocation));
    return EXIT.usage;
  }
  const at = argv.indexOf(command.name);
  try {
    return await command.run([...argv.slice(0, at), ...argv.slice(at + 1)], context);
  } catch (thrown) {
    if (isWordFault(thrown)) return context.misuse(firstSentence(thrown.message));
    if (!(thrown instanceof OperationalError)) throw thrown;
    complain(thrown.code, thrown.message);
    return exitCodeOf(thrown.code);
  }
}

function help(argv: readonly string[], context: Context): number {
  const { terminal, invocation } = context;
  const words = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  const topic = COMMANDS.find(({ name }) => name === words[0]);
  if (words[0] !== undefined && topic === undefined) return context.misuse(unknown(words[0]));
  const text = topic?.help ?? overview(COMMANDS, invocation);
  if (terminal.json) terminal.document({ version: VERSION, command: topic?.name ?? null, help: text });
  else terminal.out(text);
  return EXIT.ok;
}

const hint = (command: Command | undefined, invocation: string): string =>
  command === undefined
    ? `Commands: ${COMMANDS.map(({ name }) => name).join(', ')}, help\nMore: ${invocation} help`
    : `${command.help.split('\n\n', 1)[0] ?? ''}\nMore: ${invocation} help ${command.name}`;

function unknown(name: string): string {
  const [nearest] = COMMANDS.map((command) => ({ name: command.name, distance: distance(name, command.name) }))
    .filter((candidate) => candidate.distance <= 2)
    .sort((one, other) => one.distance - other.distance);
  return `there is no command "${name}"${nearest === undefined ? '.' : `; did you mean "${nearest.name}"?`}`;
}

/** Levenshtein's: how many letters to add, drop or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let line = 0; line < from.length; line += 1) {
    const next = [line + 1];
    for (let at = 0; at < to.length; at += 1) {
      const change = from[line] === to[at] ? 0 : 1;
      next.push(Math.min((row[at] ?? 0) + change, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

const isWordFault = (thrown: unknown): thrown is Error =>
  thrown instanceof Error &&
  'code' in thrown &&
  typeof thrown.code === 'string' &&
  thrown.code.startsWith('ERR_PARSE_ARGS_');

/** parseArgs adds advice about `--` that helps nobody here. */
const firstSentence = (message: string): string => message.split('. ', 1)[0] ?? message;
