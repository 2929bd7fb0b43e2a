import type { Closeable, Log } from '../base/index.ts';
import { TOPICS, encodeAlert, encodeFinding, type Alert, type Finding } from '../events/index.ts';
import { alertPipeline, entityKey, webhookSink } from '../alerts/index.ts';
import {
  alertsSink,
  findingsSink,
  keyEventsSink,
  keyStateSink,
  migrate,
  openClickHouse,
  type ClickHouse,
} from '../analytics/index.ts';
import { detectionEngine, openRate, type DetectionEngine } from '../detect/index.ts';
import { policyDrift, readDesiredState, type PolicyRow } from '../drift/index.ts';
import { openJournalReader, type OpenedReader } from '../journal/index.ts';
import { openFileSigner, startIntegrator, type Integrator, type LedgerSigner } from '../ledger/index.ts';
import {
  openEmbeddedLog,
  openFileCheckpoint,
  openKafkaLog,
  runConsumer,
  startRelay,
  type Consumer,
  type EventLog,
  type Relay,
  type RunningConsumer,
} from '../stream/index.ts';
import type { Config, Role } from './config.ts';
import { keyStateConsumer } from './key-state-consumer.ts';
import { pipelineMetrics, type PipelineMetrics } from './metrics.ts';
import type { PipelineStatus } from './protocol.ts';
import { openRowStores } from './row-store.ts';
import { openFileSnapshots } from './snapshots.ts';

export interface PipelineProcess extends Closeable {
  metrics(): Promise<unknown>;
  status(): Promise<PipelineStatus>;
}

interface Opened {
  readonly config: Config;
  readonly log: Log;
  readonly events: EventLog;
  readonly consumers: Map<string, RunningConsumer & { readonly topic: Consumer<unknown>['topic'] }>;
  readonly closers: Closeable[];
}

const ADVANCE_MS = 60_000;
/** The least that brokers allow unless told otherwise: after a crash the partitions of the dead wait this long for their next reader. */
const KAFKA_SESSION_MS = 6_000;
/** An insert costs ClickHouse the same for one row as for thousands. */
const SINK_BATCH = 10_000;
/** One batch of a webhook is tried for a while before the line stops: it must not be a long one. */
const WEBHOOK_BATCH = 10;
const has = (config: Config, role: Role): boolean => config.roles.includes(role);

/** Every reader of the journal: none of them can slow an answer, for they share nothing with the API but the disk. */
export async function startPipelineProcess(config: Config, log: Log): Promise<PipelineProcess> {
  const journal = needsJournal(config) ? openJournalReader(config.paths.journal) : undefined;
  const events = await openLogOf(config, journal, log);
  const opened: Opened = { config, log, events, consumers: new Map(), closers: [] };
  const relay =
    journal !== undefined && config.kafkaBrokers !== undefined && has(config, 'relay')
      ? await relayOf(config, journal, events, log)
      : undefined;
  const ledger = journal !== undefined && has(config, 'ledger') ? await ledgerOf(config, journal, log) : undefined;
  if (has(config, 'projections')) await runProjections(opened);
  if (has(config, 'analytics')) await runSinks(opened);
  if (has(config, 'detect')) await runDetection(opened);
  if (has(config, 'drift')) await runDrift(opened);
  if (has(config, 'alerts')) await runAlerts(opened);

  const status = (): Promise<PipelineStatus> => statusOf(opened, relay, ledger);
  const metrics: PipelineMetrics = pipelineMetrics(status);
  return {
    status,
    metrics: () => metrics.snapshot(),
    close: async () => {
      await Promise.all([...opened.consumers.values()].map((consumer) => consumer.close()));
      await relay?.close();
      await ledger?.integrator.close();
      await events.close();
      for (const closer of opened.closers) await closer.close();
      await journal?.close();
    },
  };
}

const needsJournal = (config: Config): boolean =>
  config.kafkaBrokers === undefined || has(config, 'relay') || has(config, 'ledger');

async function openLogOf(config: Config, journal: OpenedReader | undefined, log: Log): Promise<EventLog> {
  if (config.kafkaBrokers !== undefined)
    return openKafkaLog({
      brokers: config.kafkaBrokers,
      clientId: 'keyledger',
      sessionTimeoutMs: KAFKA_SESSION_MS,
      log,
    });
  return openEmbeddedLog({ path: config.paths.root, log, ...(journal === undefined ? {} : { journal }) });
}

const relayOf = (config: Config, journal: OpenedReader, events: EventLog, logger: Log): Promise<Relay> =>
  startRelay({ journal, log: events, checkpoint: openFileCheckpoint(config.paths.relayCheckpoint), logger });

interface LedgerRole {
  readonly integrator: Integrator;
  readonly signer: LedgerSigner;
  /** Why it has stopped for good; undefined while it runs. */
  readonly failure: () => string | undefined;
}

async function ledgerOf(config: Config, journal: OpenedReader, log: Log): Promise<LedgerRole> {
  const signer = await openFileSigner(config.paths.ledgerKey, `keyledger.local/${config.account}`);
  let failure: string | undefined;
  const onFailure = (error: Error): void => void (failure = error.message);
  const integrator = await startIntegrator({ journal, dir: config.paths.ledger, signer, log, onFailure });
  return { signer, integrator, failure: () => failure };
}

async function run<T>({ events, log, consumers }: Opened, consumer: Consumer<T>, maxBatch = 1_000): Promise<void> {
  const running = await runConsumer({ log: events, consumer, logger: log, maxBatch });
  consumers.set(`${consumer.group} ${consumer.topic}`, Object.assign(running, { topic: consumer.topic }));
}

async function runProjections(opened: Opened): Promise<void> {
  const stores = openRowStores(opened.config.paths.projections);
  opened.closers.push(stores);
  await run(opened, keyStateConsumer(stores, opened.events));
}

async function runSinks(opened: Opened): Promise<void> {
  const { config, log } = opened;
  if (config.clickHouse === undefined) return;
  const client: ClickHouse = openClickHouse(config.clickHouse);
  opened.closers.push(client);
  await migrate(client);
  // Where offsets come from: a move from the embedded log to Kafka must not take the ones for the others.
  const origin = config.kafkaBrokers === undefined ? 'embedded' : 'kafka';
  await run(opened, keyEventsSink(client, { log, origin }), SINK_BATCH);
  await run(opened, keyStateSink(client, log));
  await run(opened, findingsSink(client, log));
  await run(opened, alertsSink(client, log));
}

/** Findings about one entity have one key, so that they become one alert. */
const publisherOfFindings =
  (events: EventLog) =>
  (findings: readonly Finding[]): Promise<void> =>
    events.append(
      TOPICS.findings,
      findings.map((finding) => ({ key: entityKey(finding), value: encodeFinding(finding) })),
    );

async function runDetection(opened: Opened): Promise<void> {
  const { config, events, log } = opened;
  const engine: DetectionEngine = detectionEngine({
    detectors: [openRate()],
    snapshots: openFileSnapshots(config.paths.detect, log),
    publish: publisherOfFindings(events),
    log,
  });
  await run(opened, engine);
}

async function runDrift(opened: Opened): Promise<void> {
  const { config, events } = opened;
  if (config.desiredDirectory === undefined) return;
  const stores = openRowStores(config.paths.drift);
  opened.closers.push(stores);
  const publish = publisherOfFindings(events);
  const rows = stores.of<PolicyRow>('policies', ({ arn }) => arn);
  await run(opened, policyDrift({ desired: readDesiredState(config.desiredDirectory), rows, publish }));
}

async function runAlerts(opened: Opened): Promise<void> {
  const { config, events, log } = opened;
  const publish = (alerts: readonly Alert[]): Promise<void> =>
    events.append(
      TOPICS.alerts,
      alerts.map((alert) => ({ key: entityKey(alert), value: encodeAlert(alert) })),
    );
  const pipeline = alertPipeline({ store: openFileSnapshots(config.paths.alerts, log), publish, log });
  await run(opened, pipeline);
  const timer = setInterval(
    () =>
      void pipeline
        .advance(Date.now() * 1000)
        .catch((error: unknown) => log.warn('alerts-advance-failed', { reason: String(error) })),
    ADVANCE_MS,
  );
  opened.closers.push({
    close: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  });
  if (config.webhook === undefined) return;
  const ending = new AbortController();
  const { url, secrets, allowPrivate } = config.webhook;
  await run(
    opened,
    webhookSink({ name: 'default', url, secrets, allowPrivate, log, signal: ending.signal }),
    WEBHOOK_BATCH,
  );
  opened.closers.unshift({
    close: () => {
      ending.abort();
      return Promise.resolve();
    },
  });
}

const ledgerStatus = ({ integrator, signer, failure }: LedgerRole): NonNullable<PipelineStatus['ledger']> => {
  const reason = failure();
  return { size: integrator.size(), vkey: signer.vkey, ...(reason === undefined ? {} : { failure: reason }) };
};

async function statusOf(
  { consumers, events }: Opened,
  relay: Relay | undefined,
  ledger: LedgerRole | undefined,
): Promise<PipelineStatus> {
  const lines = [...consumers].map(async ([name, consumer]) => {
    const group = name.split(' ')[0] ?? name;
    const { messages, deadLetters, outages } = consumer.counts();
    // A broker that is away must not take the status page with it: -1 says that nobody knows.
    const lag = await events.lag(consumer.topic, group).catch(() => -1);
    return { group, topic: consumer.topic, lag, messages, deadLetters, outages };
  });
  return {
    consumers: await Promise.all(lines),
    ...(relay === undefined ? {} : { relay: { position: relay.position(), backlog: relay.backlog() } }),
    ...(ledger === undefined ? {} : { ledger: ledgerStatus(ledger) }),
  };
}
