import type { ServiceStatus } from './status.ts';

export const STYLE = `:root{color-scheme:light dark;--line:#8884;--good:light-dark(#2a7d4f,#6cc795);--bad:light-dark(#b3261e,#ff8a80)}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin-top:2rem}
div{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}th.n{width:6rem}
code{font-size:.92em;overflow-wrap:anywhere}nav a{margin-right:1rem}a{color:inherit}
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

/** A head that starts with # stands over numbers. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads
    .map(
      (title) => `<th scope="col"${title.startsWith('#') ? ' class="n"' : ''}>${escape(title.replace('#', ''))}</th>`,
    )
    .join('');
  // A table wider than a telephone scrolls by itself; the page does not.
  return `<div><table><thead><tr>${head}</tr></thead><tbody>${rows.map((row) => `<tr>${row.join('')}</tr>`).join('')}</tbody></table></div>`;
}

const cell = (value: string | number): string => `<td>${escape(value)}</td>`;
const count = (value: number): string => `<td class="n">${escape(number(value))}</td>`;
/** A number that should be 0. */
const wrong = (value: number): string => `<td class="${value === 0 ? 'n' : 'n bad'}">${escape(number(value))}</td>`;

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
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Keyledger: ${ready ? 'ready' : 'not ready'}</title><link rel="stylesheet" href="/style.css"></head><body>
<h1>Keyledger ${escape(version)}: ${state}</h1><p>${escape(facts.join(' · '))}</p>
<nav><a href="/">Refresh</a><a href="/api/status">As JSON</a><a href="/metrics">Metrics</a><a href="/readyz">Readiness</a></nav>
<h2>Processes</h2>${table(
    ['Process', 'State', '#PID', '#Restarts'],
    Object.entries(processes).map(([name, { state: at, pid, restarts }]) => [
      cell(name),
      `<td class="${at === 'ready' ? 'good' : 'bad'}">${escape(at)}</td>`,
      `<td class="n">${escape(pid ?? '')}</td>`,
      wrong(restarts),
    ]),
  )}
${consumers.length === 0 ? '' : `<h2>Consumers</h2>${consumersTable(consumers)}`}
<h2>Endpoints</h2>${table(
    ['What', 'Where'],
    Object.entries(endpoints).map(([name, url]) => [cell(name), `<td><code>${escape(url)}</code></td>`]),
  )}
${ledger === undefined ? '' : `<h2>Ledger</h2>${ledger.failure === undefined ? '' : `<p class="bad">Stopped: ${escape(ledger.failure)}</p>`}<p>Checkpoint: <a href="/ledger/checkpoint"><code>/ledger/checkpoint</code></a>, verifier key <code>${escape(ledger.vkey)}</code></p>`}
</body></html>`;
}

const consumersTable = (consumers: ServiceStatus['consumers']): string =>
  table(
    ['Group', 'Topic', '#Lag', '#Messages', '#Dead letters', '#Outages'],
    consumers.map(({ group, topic, lag, messages, deadLetters, outages }) => [
      cell(group),
      cell(topic),
      count(lag),
      count(messages),
      wrong(deadLetters),
      wrong(outages),
    ]),
  );
