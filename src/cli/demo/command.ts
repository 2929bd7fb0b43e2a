import { parseWords, type Command } from '../command.ts';

const DEFAULT_SECONDS = 25;
const MAX_SECONDS = 3_600;

export const demo: Command = {
  name: 'demo',
  summary: 'A small company, a stolen role, the alert: about a minute',
  help: `Usage: keyledger demo [--seconds N] [--json]

Plays a small company against the running service, with the AWS SDK as its only client: four services seal and open data keys
with encryption contexts, an administrator rotates a key, one service asks for what it may not have. Then somebody uses the
stolen access key of "reports" to open every customer record. You see ClickHouse count, the alert arrive with its evidence, the
administrator act on it, and the same rows by SQL.

It is honest traffic through the front door: nothing is inserted behind it. Each run makes people and keys of its own; the people
are removed at the end, the keys (alias/demo-...) and the events stay.

  --seconds N   how long the company works before the theft (default ${DEFAULT_SECONDS})
  --json        each step on a line of its own, the result last

Exit codes: 0 the alert came, 1 it did not, 9 the service does not answer.`,
  async run(words, context) {
    const { values } = parseWords(words, { seconds: { type: 'string', default: String(DEFAULT_SECONDS) } });
    const seconds = /^\d{1,4}$/.test(values.seconds) ? Number(values.seconds) : 0;
    if (seconds < 1 || seconds > MAX_SECONDS)
      return context.misuse(`--seconds: "${values.seconds}" is not a number from 1 to ${MAX_SECONDS}`);
    // Loaded here: the AWS SDK is the heaviest thing a command can need.
    const { runDemo } = await import('./run-demo.ts');
    return runDemo(context, seconds);
  },
};
