import { EXIT } from '../app/exit-codes.ts';
import { parseWords, type Command } from './command.ts';
import { readStatus, type ServiceStatus } from './service-status.ts';
import { formatCount, table, type Column, type Terminal } from './terminal.ts';

export const status: Command = {
  name: 'status',
  summary: 'Is it healthy: processes, readers and how far they are behind',
  help: `Usage: keyledger status [--json]

Asks the running service for its processes, the head of its journal, and how many events each reader is behind.

Exit codes: 0 everything is ready, 1 it answers but is not ready, 9 nothing answers.`,
  async run(words, { settings, terminal }) {
    parseWords(words, {});
    const current = await readStatus(settings());
    if (terminal.json) terminal.document(current);
    else for (const line of present(current, terminal)) terminal.out(line);
    return current.ready ? EXIT.ok : EXIT.failure;
  },
};

function present(current: ServiceStatus, terminal: Terminal): string[] {
  const { version, ready, processes, journal, consumers, endpoints } = current;
  const said = ready ? terminal.paint('green', 'ready') : terminal.paint('yellow', 'not ready');
  const running = Object.entries(processes).map(([name, { state, pid, restarts }]) => [
    name,
    state === 'ready' ? state : { text: state, style: 'yellow' as const },
    pid === undefined ? '-' : String(pid),
    restarts === 0 ? '0' : { text: String(restarts), style: 'yellow' as const },
  ]);
  const behind = consumers.map(({ group, topic, lag }) => [group, topic, lag < 0 ? 'unknown' : formatCount(lag)]);
  const events = journal === undefined ? '' : `, ${formatCount(journal.head)} events in the journal`;
  return [
    `Keyledger ${version}: ${said}${events}`,
    '',
    ...table(terminal, [{ title: 'process' }, { title: 'state' }, right('pid'), right('restarts')], running),
    ...(behind.length === 0
      ? []
      : ['', ...table(terminal, [{ title: 'reader' }, { title: 'topic' }, right('behind')], behind)]),
    '',
    ...table(terminal, [{ title: 'endpoint' }, { title: 'address' }], Object.entries(endpoints)),
  ];
}

const right = (title: string): Column => ({ title, align: 'right' });
