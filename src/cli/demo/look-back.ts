import { pause, table, visible, type Terminal } from '../terminal.ts';
import { alertQuery, asCurl, callsQuery, runSql, type SqlRow } from './by-sql.ts';
import { showSli, type Ending, type Stage } from './stage.ts';

/** Events are in ClickHouse within a few seconds; the last tables wait for them so long. */
const SETTLES_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 250;

/** The last table, and the same rows by SQL with a command to paste. */
export async function lookBack(stage: Stage, ending: Ending): Promise<void> {
  const { terminal, narrator, sre, config, company } = stage;
  const principal = company.arnOf('reports');
  const calls = await settledCalls(stage, principal, (ending.loot?.opened ?? 0) + (ending.loot?.refused ?? 0));
  await showSli(stage);
  const query = callsQuery(principal);
  narrator.say('sql', 'by SQL', 'who called with that access key, and with which tool:');
  narrator.show('sql-calls', [...bold(terminal, query.split('\n')), '', ...across(terminal, calls)], {
    query,
    rows: calls,
  });
  const rows = await runSql(sre, alertQuery(principal));
  const curl = asCurl(config, alertQuery(principal));
  narrator.say('sql', 'by SQL', 'and the alert; paste this to see it for yourself:');
  narrator.show('sql-alert', [...bold(terminal, curl), '', ...downwards(rows)], {
    query: alertQuery(principal),
    curl: curl.join('\n'),
    rows,
  });
}

/** Asks until all calls of the thief are counted. */
async function settledCalls({ sre, stopped }: Stage, principal: string, expected: number): Promise<readonly SqlRow[]> {
  const deadline = performance.now() + SETTLES_WITHIN_MS;
  for (;;) {
    const rows = await runSql(sre, callsQuery(principal));
    const counted = rows.reduce((sum, { calls }) => sum + Number(calls), 0);
    if (counted >= expected || stopped.aborted || performance.now() > deadline) return rows;
    await pause(LOOK_EVERY_MS, stopped);
  }
}

const bold = (terminal: Terminal, lines: readonly string[]): string[] =>
  lines.map((line) => terminal.paint('bold', line));

function across(terminal: Terminal, rows: readonly SqlRow[]): string[] {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => String(row[name] ?? '')));
  return table(
    terminal,
    names.map((title) => ({ title })),
    cells,
  );
}

/** A row with long texts reads better one column below the other. */
function downwards(rows: readonly SqlRow[]): string[] {
  const width = Math.max(0, ...rows.flatMap((row) => Object.keys(row).map(({ length }) => length)));
  return rows.flatMap((row) =>
    Object.entries(row).map(([name, value]) => `${name.padEnd(width)}  ${visible(String(value))}`),
  );
}
