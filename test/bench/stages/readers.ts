import { join } from 'node:path';
import { keyStateConsumer } from '../../../src/app/key-state-consumer.ts';
import { openRowStores } from '../../../src/app/row-store.ts';
import { openFileSnapshots } from '../../../src/app/snapshots.ts';
import { keyEventsSink, migrate, openClickHouse, startEmbeddedClickHouse } from '../../../src/analytics/index.ts';
import { silentLog } from '../../../src/base/index.ts';
import { detectionEngine, openRate } from '../../../src/detect/index.ts';
import { encodeKeyEvent, parseKeyEvent, TOPICS, type KeyEvent } from '../../../src/events/index.ts';
import { openJournalReader, type OpenedReader } from '../../../src/journal/index.ts';
import { openFileSigner, startIntegrator } from '../../../src/ledger/index.ts';
import { openEmbeddedLog, type Consumer } from '../../../src/stream/index.ts';
import { fillJournal } from './made-events.ts';
import { drain, timed, using, type StageRow } from './measure.ts';

const log = silentLog;

/** Every stage between the journal and the tables, each alone, over the same events. */
export async function* measureReaders(directory: string, events: number): AsyncGenerator<StageRow> {
  const journalPath = join(directory, 'journal');
  yield timed('journal: encode and commit, 64 callers', 'events', events, () => fillJournal(journalPath, events));
  const journal = openJournalReader(journalPath);
  try {
    const bytes = readAll(journal);
    const parsed: KeyEvent[] = [];
    yield await timed('events: parseKeyEvent', 'events', events, () => {
      for (const one of bytes) {
        const result = parseKeyEvent(one);
        if (result.ok) parsed.push(result.value);
      }
    });
    yield await timed('events: encodeKeyEvent', 'events', events, () => {
      for (const event of parsed) encodeKeyEvent(event);
    });
    parsed.length = 0;
    yield* measureConsumers(directory, journal, events);
    yield await measureLedger(directory, journal, events);
    yield await measureSink(directory, journal, events);
  } finally {
    await journal.close();
  }
}

const BLOCK = 1_000;

function readAll(journal: OpenedReader): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let from = 1; from <= journal.head(); from += BLOCK)
    for (const { bytes } of journal.read(from, BLOCK)) all.push(bytes);
  return all;
}

async function* measureConsumers(directory: string, journal: OpenedReader, events: number): AsyncGenerator<StageRow> {
  const nothing: Consumer<KeyEvent> = {
    group: 'nothing',
    topic: TOPICS.keyEvents,
    parse: parseKeyEvent,
    handle: () => Promise.resolve([]),
  };
  const path = join(directory, 'consumers');
  yield* await using(openEmbeddedLog({ path, journal, log }), async (events_) => {
    const rows: StageRow[] = [];
    rows.push(
      await timed('stream: embedded log, parse, acknowledge', 'events', events, () => drain(events_, nothing, events)),
    );
    const stores = openRowStores(join(path, 'projections'));
    await using(stores, async () => {
      const consumer = keyStateConsumer(stores, events_);
      rows.push(await timed('projections: key state', 'events', events, () => drain(events_, consumer, events)));
    });
    const engine = detectionEngine({
      detectors: [openRate()],
      snapshots: openFileSnapshots(join(path, 'detect')),
      publish: () => Promise.resolve(),
    });
    rows.push(await timed('detect: engine with KL-06', 'events', events, () => drain(events_, engine, events)));
    return rows;
  });
}

async function measureLedger(directory: string, journal: OpenedReader, events: number): Promise<StageRow> {
  const signer = await openFileSigner(join(directory, 'ledger-key'), 'keyledger.local/bench');
  return timed('ledger: leaves, tiles and checkpoints', 'leaves', events, async () => {
    await using(await startIntegrator({ journal, dir: join(directory, 'ledger'), signer, log }), (integrator) =>
      integrator.integrate(),
    );
  });
}

async function measureSink(directory: string, journal: OpenedReader, events: number): Promise<StageRow> {
  const server = await startEmbeddedClickHouse({ dir: join(directory, 'clickhouse'), port: 0, log });
  return using(server, async ({ url, users }) =>
    using(openClickHouse({ url, user: 'keyledger', password: users.keyledger.password }), async (client) => {
      await migrate(client);
      return using(openEmbeddedLog({ path: join(directory, 'sink'), journal, log }), (events_) =>
        timed('analytics: ClickHouse sink, rollups included', 'rows', events, () =>
          drain(events_, keyEventsSink(client, { log }), events),
        ),
      );
    }),
  );
}
