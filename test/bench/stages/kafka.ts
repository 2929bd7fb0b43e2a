import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { silentLog } from '../../../src/base/index.ts';
import { parseKeyEvent, TOPICS, type KeyEvent } from '../../../src/events/index.ts';
import { openJournalReader } from '../../../src/journal/index.ts';
import { openFileCheckpoint, openKafkaLog, startRelay, type Consumer } from '../../../src/stream/index.ts';
import { startBroker } from '../../support/broker.ts';
import { fillJournal } from './made-events.ts';
import { drain, timed, using, type StageRow } from './measure.ts';

const POLL_MS = 2;

/** The journal through a real broker, which is started for this and removed: into two topics, and out of one. */
export async function* measureKafka(directory: string, events: number): AsyncGenerator<StageRow> {
  const log = silentLog;
  const path = join(directory, 'kafka-journal');
  await fillJournal(path, events);
  const journal = openJournalReader(path);
  const broker = await startBroker({ owned: true });
  try {
    const kafka = await openKafkaLog({ brokers: broker.brokers, clientId: 'keyledger-bench', log });
    yield* await using(kafka, async () => {
      await kafka.ready();
      const checkpoint = openFileCheckpoint(join(directory, 'relay-position'));
      const into = await timed('relay: journal into two Kafka topics', 'events', events, async () => {
        await using(await startRelay({ journal, log: kafka, checkpoint, logger: log }), async (relay) => {
          while (relay.position() < events) await sleep(POLL_MS);
        });
      });
      const nothing: Consumer<KeyEvent> = {
        group: 'nothing',
        topic: TOPICS.keyEvents,
        parse: parseKeyEvent,
        handle: () => Promise.resolve([]),
      };
      const out = await timed('stream: Kafka, parse, acknowledge', 'events', events, () =>
        drain(kafka, nothing, events),
      );
      return [into, out];
    });
  } finally {
    await broker.stop();
    await journal.close();
  }
}
