/*
 * A process that writes a journal: `journal-child.ts <directory> <name> <calls> <at once>`. Each call counts one further in a row that all
 * processes share, and says on stdout what it was answered: `<seq> <request id> <count>`. Ends with 8 when the journal is fenced.
 */
import { writeSync } from 'node:fs';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { Journal, type Decided, type StateView } from '../../src/journal/index.ts';

const [path = '', name = '', calls = '0', atOnce = '1'] = process.argv.slice(2);
const ACCOUNT = '000000000000';

const journal = new Journal({ path, clock: systemClock, log: silentLog });
writeSync(1, 'open\n');

function countOn(state: StateView, requestId: string): Decided<number> {
  const count = ((state.get('meta', 'count') as number | undefined) ?? 0) + 1;
  return {
    draft: {
      operation: 'DescribeKey',
      kind: 'management',
      outcome: 'success',
      region: 'eu-central-1',
      actor: { arn: `arn:aws:iam::${ACCOUNT}:root`, type: 'root', account: ACCOUNT },
      origin: {},
      request: { count },
      trace: { requestId },
      changes: [],
      startedUs: systemClock.monotonicUs(),
      cryptoUs: 0,
    },
    writes: [{ table: 'meta', key: 'count', value: count }],
    answer: count,
  };
}

let next = 0;
async function worker(): Promise<void> {
  while (next < Number(calls)) {
    const requestId = `${name}-${String((next += 1))}`;
    const { seq, answer } = await journal.recordInTurn((state) => countOn(state, requestId));
    // Synchronously, so that what was answered has been said even if the next thing is a kill.
    writeSync(1, `${String(seq)} ${requestId} ${String(answer)}\n`);
  }
}

try {
  await Promise.all(Array.from({ length: Number(atOnce) }, worker));
  await journal.close();
} catch (error) {
  writeSync(1, `fenced ${String(error)}\n`);
  process.exit(8);
}
