import { EXIT } from '../app/exit-codes.ts';
import { Outcome, parseKeyEvent, type KeyEvent } from '../events/index.ts';
import { parseWords, type Command, type Context } from './command.ts';
import { withOperator } from './data-directory.ts';
import type { Operator } from './doors.ts';
import { eventLine } from './event-line.ts';
import { pause, type Terminal } from './terminal.ts';

const LOOK_EVERY_MS = 200;
const CHUNK = 512;
const DEFAULT_COUNT = 20;

export const events: Command = {
  name: 'events',
  summary: 'The events themselves, as they were recorded',
  help: `Usage: keyledger events tail [--follow] [-n N] [--key KEY] [--outcome OUTCOME] [--json]

The latest events of the journal of this machine (KEYLEDGER_DATA), oldest first: number, time, outcome, operation, duration, who,
which key, encryption context, and for a refusal what decided it.

  -f, --follow         go on as events come in, until Ctrl-C
  -n, --lines N        start with the last N (default ${DEFAULT_COUNT})
  --key KEY            only about this key: its ARN, its id, or the alias by which it was called
  --outcome OUTCOME    only these: ${Outcome.options.join(', ')}
  --json               each event on a line of its own, in full: for jq

Examples:
  keyledger events tail --follow --outcome denied
  keyledger events tail -n 1000 --json | jq -r .actor.arn | sort | uniq -c`,
  async run(words, context) {
    const { values, positionals } = parseWords(
      words,
      {
        follow: { type: 'boolean', short: 'f', default: false },
        lines: { type: 'string', short: 'n', default: String(DEFAULT_COUNT) },
        key: { type: 'string' },
        outcome: { type: 'string' },
      },
      true,
    );
    if (positionals.join(' ') !== 'tail') return context.misuse('events: tail is the only thing to do with them');
    const count = /^\d{1,7}$/.test(values.lines) ? Number(values.lines) : undefined;
    if (count === undefined) return context.misuse(`--lines: "${values.lines}" is not a number`);
    const outcome = Outcome.safeParse(values.outcome);
    if (values.outcome !== undefined && !outcome.success)
      return context.misuse(`--outcome: "${values.outcome}" is not among ${Outcome.options.join(', ')}`);
    const wanted = (event: KeyEvent): boolean =>
      (values.key === undefined || isAbout(event, values.key)) && (!outcome.success || event.outcome === outcome.data);
    return tail(context, { count, follow: values.follow, wanted });
  },
};

interface TailOptions {
  readonly count: number;
  readonly follow: boolean;
  readonly wanted: (event: KeyEvent) => boolean;
}

function tail(context: Context, { count, follow, wanted }: TailOptions): Promise<number> {
  const { terminal } = context;
  return withOperator(context, context.settings(), async (operator) => {
    let next = operator.events.head() + 1;
    for (const event of last(operator, next, count, wanted, terminal)) show(terminal, event);
    if (!follow) return EXIT.ok;
    const stopped = context.untilStopped();
    while (!stopped.aborted) {
      const chunk = read(operator, next, CHUNK, terminal);
      for (const { seq, value } of chunk) {
        next = seq + 1;
        if (value !== undefined && wanted(value)) show(terminal, value);
      }
      // Even in a flood a signal must be heard.
      await pause(chunk.length < CHUNK ? LOOK_EVERY_MS : 0, stopped);
    }
    return EXIT.ok;
  });
}

/** The last `count` wanted ones below `end`, oldest first. */
function last(
  operator: Operator,
  end: number,
  count: number,
  wanted: (event: KeyEvent) => boolean,
  terminal: Terminal,
): KeyEvent[] {
  const found: KeyEvent[] = [];
  for (let before = end; before > 1 && found.length < count;) {
    const from = Math.max(1, before - CHUNK);
    const chunk = read(operator, from, before - from, terminal).filter(({ seq }) => seq < before);
    // What was pruned is no longer here; the ledger's entry bundles have it.
    if (chunk.length === 0) break;
    for (const { value } of chunk.toReversed()) if (value !== undefined && wanted(value)) found.push(value);
    before = from;
  }
  return found.slice(0, count).toReversed();
}

function read(
  operator: Operator,
  from: number,
  limit: number,
  terminal: Terminal,
): { seq: number; value: KeyEvent | undefined }[] {
  return operator.events.read(from, limit).map(({ seq, bytes }) => {
    const parsed = parseKeyEvent(bytes);
    if (!parsed.ok) terminal.talk(`event ${seq} is not one this version can read: ${parsed.reason}`);
    return { seq, value: parsed.ok ? parsed.value : undefined };
  });
}

function show(terminal: Terminal, event: KeyEvent): void {
  if (terminal.json) terminal.document(event);
  else terminal.out(eventLine(terminal, event));
}

function isAbout(event: KeyEvent, name: string): boolean {
  return [event.key, event.sourceKey].some(
    (key) => key !== undefined && (key.arn === name || key.arn.endsWith(`:key/${name}`) || key.alias === name),
  );
}
