import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';
import type { Journal } from '../journal/index.ts';
import type { PipelineStatus } from './protocol.ts';

/** Prometheus metrics of one process; the supervisor puts those of all processes together. */
export interface Metrics {
  observe(operation: string, errorCode: string | undefined, durationUs: number): void;
  snapshot(): Promise<MetricObjectWithValues<MetricValue<string>>[]>;
}

const SECONDS_PER_US = 1e-6;
const LATENCY_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function processRegistry(name: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: name });
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function apiMetrics(journal: Journal): Metrics {
  const registry = processRegistry('api');
  const registers = [registry];
  const requests = new Counter({
    name: 'keyledger_requests_total',
    help: 'Answered requests.',
    labelNames: ['operation', 'error'],
    registers,
  });
  const latency = new Histogram({
    name: 'keyledger_request_duration_seconds',
    help: 'From the arrival of the headers to the answer, commit included.',
    labelNames: ['operation'],
    buckets: LATENCY_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'keyledger_journal_seq',
    help: 'Sequence number of the newest durable event.',
    registers,
    collect() {
      this.set(journal.head());
    },
  });
  new Gauge({
    name: 'keyledger_journal_queue',
    help: 'Calls waiting for a group commit.',
    registers,
    collect() {
      this.set(journal.queueLength);
    },
  });
  new Gauge({
    name: 'keyledger_journal_commit_seconds',
    help: 'Duration of the newest group commit, its fsync included.',
    registers,
    collect() {
      this.set(journal.lastCommitUs * SECONDS_PER_US);
    },
  });
  // Labels are resolved once per pair, not once per call.
  const counters = new Map<string, Counter.Internal>();
  const timers = new Map<string, Histogram.Internal<'operation'>>();
  return {
    observe: (operation, errorCode = 'none', durationUs) => {
      const pair = `${operation} ${errorCode}`;
      let counter = counters.get(pair);
      if (counter === undefined) counters.set(pair, (counter = requests.labels(operation, errorCode)));
      counter.inc();
      let timer = timers.get(operation);
      if (timer === undefined) timers.set(operation, (timer = latency.labels(operation)));
      timer.observe(durationUs * SECONDS_PER_US);
    },
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

export interface PipelineMetrics {
  snapshot(): Promise<MetricObjectWithValues<MetricValue<string>>[]>;
}

/** Consumers, relay and ledger, read off their status whenever somebody scrapes. */
export function pipelineMetrics(status: () => Promise<PipelineStatus>): PipelineMetrics {
  const registry = processRegistry('pipeline');
  const registers = [registry];
  const labelNames = ['group', 'topic'] as const;
  const lag = new Gauge({
    name: 'keyledger_consumer_lag',
    help: 'Messages a consumer group has not finished; -1 when unknown.',
    labelNames,
    registers,
  });
  const dead = new Gauge({
    name: 'keyledger_consumer_dead_letters',
    help: 'Messages set aside since start.',
    labelNames,
    registers,
  });
  const outages = new Gauge({
    name: 'keyledger_consumer_outages',
    help: 'Times a batch came back since start.',
    labelNames,
    registers,
  });
  const backlog = new Gauge({
    name: 'keyledger_relay_backlog',
    help: 'Durable events not yet acknowledged by the broker.',
    registers,
  });
  const size = new Gauge({
    name: 'keyledger_ledger_size',
    help: 'Events under the newest signed checkpoint.',
    registers,
  });
  return {
    snapshot: async () => {
      const now = await status();
      for (const { group, topic, ...counts } of now.consumers) {
        lag.labels(group, topic).set(counts.lag);
        dead.labels(group, topic).set(counts.deadLetters);
        outages.labels(group, topic).set(counts.outages);
      }
      if (now.relay !== undefined) backlog.set(now.relay.backlog);
      if (now.ledger !== undefined) size.set(now.ledger.size);
      return registry.getMetricsAsJSON();
    },
  };
}
