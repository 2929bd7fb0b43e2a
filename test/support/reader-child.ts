/** A reader in a process of its own, so that a test can kill it: it writes `partition seq` once per handled event. */
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../src/base/index.ts';
import { TOPICS } from '../../src/events/index.ts';
import { openKafkaLog } from '../../src/stream/index.ts';
import { seqOf } from './made-up-journal.ts';

const [brokers = '', prefix = ''] = process.argv.slice(2);
const log = await openKafkaLog({
  brokers: brokers.split(','),
  clientId: 'reader',
  prefix,
  log: silentLog,
  sessionTimeoutMs: 6000,
});
await log.subscribe({
  topic: TOPICS.keyEvents,
  group: 'readers',
  maxBatch: 50,
  async handle({ partition, messages }) {
    await delay(20);
    const lines = messages.map(({ value }) => `${partition} ${seqOf(value)}\n`).join('');
    // What is acknowledged below must have left the process.
    await new Promise((resolve) => process.stdout.write(lines, resolve));
  },
});
