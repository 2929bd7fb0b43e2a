import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { startDockerBroker } from './kafka/docker.ts';
import { findJavaTools, startJavaBroker } from './kafka/java.ts';

/** A real Kafka broker for tests. One that is not `owned` belongs to somebody else and cannot be stopped. */
export interface Broker {
  readonly brokers: string[];
  readonly owned: boolean;
  /** Ends it for good and removes its data. Nothing happens to a broker that is not owned. */
  stop(): Promise<void>;
  /** SIGKILL; its data stays. */
  kill(): Promise<void>;
  /** Starts it again, on the same address with the same data. */
  restart(): Promise<void>;
  /** Stops its work without closing its connections (SIGSTOP), until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

const DOCKER_ANSWERS_WITHIN_MS = 5000;
const STARTS_WITHIN_MS = 60_000;

/**
 * The broker of KAFKA_BROKERS; else one in Docker; else one under Java, its jars from Maven. `owned` asks for one that may be
 * killed, and so passes over KAFKA_BROKERS. Where there is none of them it throws one sentence: tests fail, they never skip.
 */
export async function startBroker({ owned = false }: { owned?: boolean } = {}): Promise<Broker> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined && given !== '' && !owned) return givenBroker(given.split(','));
  if (await dockerAnswers()) return startDockerBroker(untilReady);
  if (await findJavaTools()) return startJavaBroker(untilReady);
  throw new Error(
    `The tests need a Kafka broker${owned ? ' they may stop' : ''}: install Docker, or Java 17 with Maven${owned ? '' : ', or set KAFKA_BROKERS'}.`,
  );
}

function givenBroker(brokers: string[]): Broker {
  const foreign = (): Promise<void> => Promise.reject(new Error('The broker of KAFKA_BROKERS is not ours to stop'));
  return {
    brokers,
    owned: false,
    stop: () => Promise.resolve(),
    kill: foreign,
    restart: foreign,
    freeze: foreign,
    thaw: foreign,
  };
}

async function dockerAnswers(): Promise<boolean> {
  const info = promisify(execFile)('docker', ['info'], { timeout: DOCKER_ANSWERS_WITHIN_MS, killSignal: 'SIGKILL' });
  return info.then(
    () => true,
    () => false,
  );
}

/** Resolves when the broker answers a client. */
async function untilReady(brokers: string[], hasEnded: () => string | undefined = () => undefined): Promise<void> {
  const deadline = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    const kafka = new kafkajs.Kafka({
      brokers,
      clientId: 'keyledger-test',
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: 1000,
      requestTimeout: 5000,
      retry: { retries: 0 },
    });
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { brokers: alive } = await admin.describeCluster();
      if (alive.length > 0) return;
    } catch (error) {
      const end = hasEnded();
      if (end !== undefined) throw new Error(`The Kafka broker ended at its start: ${end}`, { cause: error });
      if (Date.now() > deadline) throw new Error('The Kafka broker did not answer in time', { cause: error });
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
    await delay(100);
  }
}
