import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { silentLog } from '../../../src/base/index.ts';
import { TOPICS } from '../../../src/events/index.ts';
import { openKafkaLog, startRelay } from '../../../src/stream/index.ts';
import { eventually } from '../../support/eventually.ts';
import { madeUpJournal } from '../../support/made-up-journal.ts';
import { ownPrefix, sharedBrokers } from '../../support/shared-broker.ts';

const MEMBERS = 3;
const KILLS = 4;
const EVENTS = 12_000;

test('members of a group, killed in the middle of their batches, lose nothing and keep the order of every partition', async () => {
  const brokers = await sharedBrokers();
  const prefix = ownPrefix();
  const log = await openKafkaLog({ brokers, clientId: 'test', prefix, log: silentLog });
  const checkpoint = { load: () => Promise.resolve(0), save: () => Promise.resolve() };
  const relay = await startRelay({ journal: madeUpJournal(EVENTS), log, checkpoint, logger: silentLog });
  await eventually('published', () => relay.backlog() === 0);
  await relay.close();

  const firstSights = new Map<number, number[]>();
  const known = new Set<number>();
  const members: ChildProcess[] = [];
  const enlist = (): void => {
    const script = join(import.meta.dirname, '..', '..', 'support', 'reader-child.ts');
    const member = spawn(process.execPath, ['--import', 'tsx', script, brokers.join(','), prefix], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface(member.stdout).on('line', (line) => {
      const [partition = -1, seq = -1] = line.split(' ').map(Number);
      if (known.has(seq)) return;
      known.add(seq);
      firstSights.set(partition, [...(firstSights.get(partition) ?? []), seq]);
    });
    members.push(member);
  };
  for (let member = 0; member < MEMBERS; member += 1) enlist();
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await eventually('progress', () => known.size >= (kill * EVENTS) / (KILLS + 3), 60_000);
    members.shift()?.kill('SIGKILL');
    enlist();
  }
  await eventually('everything', () => known.size === EVENTS, 60_000);
  await eventually('no lag', async () => (await log.lag(TOPICS.keyEvents, 'readers')) === 0, 60_000);
  for (const member of members) {
    member.kill('SIGKILL');
    await once(member, 'exit');
  }
  await log.close();
  for (const seqs of firstSights.values()) expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(firstSights.size).toBeGreaterThan(1);
});
