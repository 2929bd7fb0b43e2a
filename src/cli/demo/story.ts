import { setMaxListeners } from 'node:events';
import { presentAlert } from '../../alerts/index.ts';
import { systemClock } from '../../base/index.ts';
import type { Alert } from '../../events/index.ts';
import { formatCount, formatMs, pause } from '../terminal.ts';
import { showSli, type Ending, type Stage } from './stage.ts';
import { steal } from './theft.ts';
import { awaitAlert } from './watch.ts';
import { openWorkday, type SealedRecord } from './work.ts';

/** As many as the thief could want; each with a data key of its own. */
const CUSTOMERS = 1_200;
const TABLE_EVERY_MS = 5_000;
const ALERT_WITHIN_MS = 60_000;

/** The detector's windows; one that starts late in a window is seen in the next, a few seconds later. */
const WINDOW_MS = 10_000;
const LATE_IN_WINDOW_MS = 7_000;

/** Import, work, rotation, theft, alert, containment. Resolves when everybody has stopped. */
export async function play(stage: Stage): Promise<Ending> {
  const { narrator, company, seconds, stopped } = stage;
  const workday = openWorkday(company, (step, who, text) => narrator.say(step, who, text));
  const closing = new AbortController();
  const closed = AbortSignal.any([stopped, closing.signal]);
  setMaxListeners(0, closed);

  narrator.say('import', 'orders', `imports ${formatCount(CUSTOMERS)} customers, each under a data key of its own`, {
    records: CUSTOMERS,
  });
  const importedMs = await timed(() => workday.importCustomers(CUSTOMERS, stopped));
  narrator.say(
    'work',
    'the services',
    `begin to work after ${formatMs(importedMs)}: data keys sealed and opened with encryption contexts, a few a second`,
    {
      importMs: Math.round(importedMs),
    },
  );
  const working = workday.work(closed);
  const tables = showTables(stage, closed);
  // Awaited at the end; until then a failure must not count as unhandled.
  for (const task of [working, tables]) task.catch(() => undefined);
  try {
    await pause((seconds * 1000) / 2, stopped);
    if (!stopped.aborted) await rotation(stage, workday);
    await pause((seconds * 1000) / 2, stopped);
    await untilEarlyInWindow(stopped);
    const { customers, faults } = workday.day;
    return stopped.aborted ? { faults } : { ...(await theft({ ...stage, stopped: closed }, customers)), faults };
  } finally {
    closing.abort();
    await Promise.all([working, tables]);
  }
}

async function rotation({ narrator, company }: Stage, workday: ReturnType<typeof openWorkday>): Promise<void> {
  const [old] = workday.day.cards;
  await company.rotate('cards');
  await workday.open('payments', old);
  const proof = old === undefined ? '' : '; a data key sealed before still opens';
  narrator.say('rotation', 'administrator', `rotates the key of cards (RotateKeyOnDemand)${proof}`, {
    key: company.keys.cards.arn,
  });
}

async function theft(stage: Stage, customers: readonly SealedRecord[]): Promise<Omit<Ending, 'faults'>> {
  const { narrator, company, endpoint, sre, sinceUs, stopped } = stage;
  const principal = company.arnOf('reports');
  narrator.say(
    'theft',
    'a thief',
    'has the access key of reports and a copy of the customers, and opens one record after the other',
    { principal },
  );
  const begun = performance.now();
  const stealing = steal({
    endpoint,
    credentials: company.credentialsOf('reports'),
    // A copy: the table goes on growing.
    records: [...customers],
    stopped,
    onProgress: (opened) =>
      narrator.say('theft-progress', 'a thief', `has opened ${formatCount(opened)} records`, { opened }),
  });
  // Awaited below, after the alert; until then a failure must not count as unhandled.
  stealing.catch(() => undefined);
  const alert = await awaitAlert(sre, { principal, sinceUs, withinMs: ALERT_WITHIN_MS, stopped });
  const msToAlert = performance.now() - begun;
  if (alert !== undefined) {
    tellAlert(stage, alert, msToAlert);
    await company.shutOut('reports', 'customers');
    narrator.say(
      'containment',
      'administrator',
      'does what the alert says: a Deny for reports in the key policy of customers, the honest reports included',
    );
  }
  const loot = await stealing;
  const refused =
    loot.refused === 0 ? '' : `, was refused ${formatCount(loot.refused)} times${loot.gaveUp ? ' and gave up' : ''}`;
  narrator.say('theft-over', 'a thief', `opened ${formatCount(loot.opened)} records${refused}`, {
    opened: loot.opened,
    refused: loot.refused,
  });
  return alert === undefined ? { loot } : { alert, msToAlert, loot };
}

function tellAlert({ terminal, narrator }: Stage, alert: Alert, msToAlert: number): void {
  const after = `${formatMs(msToAlert)} after the first stolen call`;
  narrator.say('alert-arrived', 'ALERT', `${after}: a row of ClickHouse's table alerts`, {
    secondsAfterTheft: Math.round(msToAlert) / 1000,
  });
  const [head = '', ...rest] = presentAlert(alert).split('\n');
  narrator.show('alert', [terminal.paint('red', terminal.paint('bold', head)), ...rest], { alert });
}

/** A burst that begins at the very end of a window is seen in the next one only, which a minute's show need not wait for. */
async function untilEarlyInWindow(stopped: AbortSignal): Promise<void> {
  const into = Date.now() % WINDOW_MS;
  if (into > LATE_IN_WINDOW_MS) await pause(WINDOW_MS - into, stopped);
}

async function showTables(stage: Stage, closed: AbortSignal): Promise<void> {
  for (;;) {
    await pause(TABLE_EVERY_MS, closed);
    if (closed.aborted) return;
    await showSli(stage);
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = systemClock.monotonicUs();
  await work();
  return (systemClock.monotonicUs() - begun) / 1000;
}
