/** A relay in a process of its own, so that a test can kill it: brokers, prefix, checkpoint file and the journal's head as arguments. */
import { silentLog } from '../../src/base/index.ts';
import { openFileCheckpoint, openKafkaLog, startRelay } from '../../src/stream/index.ts';
import { madeUpJournal } from './made-up-journal.ts';

const [brokers = '', prefix = '', file = '', head = '0', maxBatch = '200'] = process.argv.slice(2);
const log = await openKafkaLog({ brokers: brokers.split(','), clientId: 'relay', prefix, log: silentLog });
const relay = await startRelay({
  journal: madeUpJournal(Number(head)),
  log,
  checkpoint: openFileCheckpoint(file),
  logger: silentLog,
  maxBatch: Number(maxBatch),
});
const telling = setInterval(() => {
  console.log(relay.position());
  if (relay.backlog() > 0) return;
  clearInterval(telling);
  void relay.close().then(() => log.close());
}, 5);
