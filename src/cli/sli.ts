import { EXIT } from '../app/exit-codes.ts';
import { systemClock, toIsoMicros } from '../base/index.ts';
import { parseWords, type Command } from './command.ts';
import { shortKey, shortPrincipal } from './event-line.ts';
import { readSli, SLI_BY, sliTable, type SliBy } from './sli-table.ts';
import { parseSpan } from './terminal.ts';

const NAMES: Readonly<Record<SliBy, (name: string) => string>> = {
  operation: (name) => name,
  key: shortKey,
  principal: shortPrincipal,
};

const isBy = (text: string): text is SliBy => (SLI_BY as readonly string[]).includes(text);

export const sli: Command = {
  name: 'sli',
  summary: 'Requests, success rate and latency by operation, key or principal',
  help: `Usage: keyledger sli [--since 15m] [--by operation|key|principal] [--json]

Service level indicators from ClickHouse, the busiest first: requests, how many succeeded, were denied, throttled, invalid or
failed, and latency as the service measured it (P50, P95, P99 of what succeeded, within 1 %).

  --since SPAN   90s, 15m, 6h, 2d (default 15m); counts whole minutes, so up to one minute more
  --by WHAT      ${SLI_BY.join(', ')} (default operation)
  --json         all of it, with full ARNs and availability

The tables behind it are sli_1m and sli_1h, the views slo_success_rate, slo_latency and slo_throttles.`,
  async run(words, { doors, misuse, settings, terminal }) {
    const { values } = parseWords(words, {
      since: { type: 'string', default: '15m' },
      by: { type: 'string', default: 'operation' },
    });
    const { by } = values;
    const seconds = parseSpan(values.since);
    if (seconds === undefined) return misuse(`--since: "${values.since}" is not a span such as 90s, 15m, 6h or 2d`);
    if (!isBy(by)) return misuse(`--by: "${by}" is not among ${SLI_BY.join(', ')}`);
    const sinceUs = systemClock.nowUs() - seconds * 1_000_000;
    const client = await doors.openSre(settings());
    try {
      const rows = await readSli(client, by, sinceUs);
      if (terminal.json) {
        const flat = rows.map(({ counts, latency }) => ({ ...counts, ...(latency ?? {}) }));
        terminal.document({ since: toIsoMicros(sinceUs), by, rows: flat });
      } else if (rows.length === 0) {
        terminal.talk(`Nothing was asked of the service in the last ${values.since}.`);
      } else {
        const named = rows.map((row) => ({ ...row, name: NAMES[by](row.name) }));
        for (const line of sliTable(terminal, by, named)) terminal.out(line);
      }
      return EXIT.ok;
    } finally {
      await client.close();
    }
  },
};
