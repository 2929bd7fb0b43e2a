import type { ServiceStatus } from './status.ts';

export const STYLE = `:root{color-scheme:light dark;--line:#8884;--good:#2a7d4f;--bad:#b3261e}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
td.n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:.92em;overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (value: string | number): string =>
  String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
const number = (value: number): string => (value < 0 ? 'unknown' : value.toLocaleString('en-US'));

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((cell) => `<th scope="col">${escape(cell)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row.join('')}</tr>`).join('')}</tbody></table>`;
}

const cell = (value: string | number): string => `<td>${escape(value)}</td>`;
const count = (value: number): string => `<td class="n">${escape(number(value))}</td>`;

/** One page that answers: is everything running, and does anything lag. Works without a script. */
export function overviewPage({
  version,
  ready,
  processes,
  journal,
  ledger,
  relay,
  consumers,
  endpoints,
}: ServiceStatus): string {
  const state = ready ? '<span class="good">ready</span>' : '<span class="bad">not ready</span>';
  const facts = [
    ...(journal === undefined ? [] : [`${number(journal.head)} durable events`]),
    ...(ledger === undefined ? [] : [`${number(ledger.size)} under the newest signed checkpoint`]),
    ...(relay === undefined ? [] : [`${number(relay.backlog)} waiting for Kafka`]),
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Keyledger</title><link rel="stylesheet" href="/style.css"></head><body>
<h1>Keyledger ${escape(version)}: ${state}</h1><p>${escape(facts.join(' · '))}</p>
<h2>Processes</h2>${table(
    ['Process', 'State', 'PID', 'Restarts'],
    Object.entries(processes).map(([name, { state: at, pid, restarts }]) => [
      cell(name),
      `<td class="${at === 'ready' ? 'good' : 'bad'}">${escape(at)}</td>`,
      cell(pid ?? ''),
      count(restarts),
    ]),
  )}
<h2>Consumers</h2>${table(
    ['Group', 'Topic', 'Lag', 'Messages', 'Dead letters', 'Outages'],
    consumers.map(({ group, topic, lag, messages, deadLetters, outages }) => [
      cell(group),
      cell(topic),
      count(lag),
      count(messages),
      count(deadLetters),
      count(outages),
    ]),
  )}
<h2>Endpoints</h2>${table(
    ['What', 'Where'],
    Object.entries(endpoints).map(([name, url]) => [cell(name), `<td><code>${escape(url)}</code></td>`]),
  )}
${ledger === undefined ? '' : `<h2>Ledger</h2><p>Checkpoint: <a href="/ledger/checkpoint"><code>/ledger/checkpoint</code></a>, verifier key <code>${escape(ledger.vkey)}</code></p>`}
</body></html>`;
}
