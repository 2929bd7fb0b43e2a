import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench -- [api|delay|stages|start|profile] [options]

Without a word everything but the profile is measured. Results: a table here, JSON in bench-results/.

  --seconds N     each API measurement (default 8; delay: 30, at least)
  --quick         one or two seconds each, fewer events: to see whether it works, not for figures
  --rounds N      repeat the API measurements and give medians (default 1)
  --clients A,B   concurrent connections (default 1,16,64)
  --events N      events that each stage replays (default 100000)
  --rate N        operations per second while the delay to ClickHouse is measured (default 500)
  --kafka         also measure the relay and a consumer against a Kafka broker of our own (Docker, or Java and Maven)
  --operation X   what the profile runs: Encrypt, Decrypt or GenerateDataKey (default Decrypt)
  --sign-each     sign every request anew instead of each body every few seconds
  --build DIR     measure a build that is there instead of building (a directory with cli/main.js)
  --dir DIR       where data directories are made (default: the system's temporary directory)
  --write-docs    put the tables into docs/benchmarks.md`;

export const PARTS = ['api', 'delay', 'stages', 'start', 'profile'] as const;
export type Part = (typeof PARTS)[number];

export const OPERATIONS = ['Encrypt', 'Decrypt', 'GenerateDataKey'] as const;
export type BenchOperation = (typeof OPERATIONS)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly seconds: number;
  readonly quick: boolean;
  readonly rounds: number;
  readonly clients: readonly number[];
  readonly events: number;
  readonly rate: number;
  readonly kafka: boolean;
  readonly operation: BenchOperation;
  readonly signEach: boolean;
  readonly build: string | undefined;
  readonly dir: string | undefined;
  readonly writeDocs: boolean;
}

/** The command line; a sentence when it is wrong. */
export function parseOptions(argv: readonly string[]): BenchOptions | string {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seconds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '1' },
        clients: { type: 'string', default: '1,16,64' },
        events: { type: 'string' },
        rate: { type: 'string', default: '500' },
        kafka: { type: 'boolean', default: false },
        operation: { type: 'string', default: 'Decrypt' },
        'sign-each': { type: 'boolean', default: false },
        build: { type: 'string' },
        dir: { type: 'string' },
        'write-docs': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const parts = positionals.filter((word): word is Part => (PARTS as readonly string[]).includes(word));
  if (parts.length !== positionals.length) return `There is nothing to measure called ${positionals.join(' ')}.`;
  const operation = OPERATIONS.find((name) => name === values.operation);
  if (operation === undefined) return `--operation: choose from ${OPERATIONS.join(', ')}`;
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 8));
  const rounds = Number(values.rounds);
  const clients = values.clients.split(',').map(Number);
  const events = Number(values.events ?? (values.quick ? 20_000 : 100_000));
  const rate = Number(values.rate);
  if (![seconds, rounds, events, rate, ...clients].every((number) => number > 0)) return 'Numbers must be above zero.';
  return {
    parts: parts.length === 0 ? PARTS.filter((part) => part !== 'profile') : parts,
    seconds,
    quick: values.quick,
    rounds,
    clients,
    events,
    rate,
    kafka: values.kafka,
    operation,
    signEach: values['sign-each'],
    build: values.build,
    dir: values.dir,
    writeDocs: values['write-docs'],
  };
}
