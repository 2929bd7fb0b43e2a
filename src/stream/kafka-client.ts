import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { CompressionTypes, Kafka, KafkaConfig, RetryOptions, SASLOptions } from 'kafkajs';
import type { Log } from '../base/index.ts';
import type { Topic } from '../events/index.ts';
import { kafkajsLogCreator } from './kafka-log.ts';

export interface KafkaLogOptions {
  /** `host:port` of any brokers of the cluster. */
  readonly brokers: readonly string[];
  /** What the brokers' logs and quotas know us by. */
  readonly clientId: string;
  readonly log: Log;
  /** Verifies the broker's certificate; `true` for the system's authorities. */
  readonly tls?: boolean | ConnectionOptions;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Put before the names of topics and groups, for several Keyledgers on one cluster. */
  readonly prefix?: string;
  /** Partitions of topics that are created here (default 6). Topics that exist stay as they are. */
  readonly partitions?: number;
  /** Replicas of topics that are created here; the broker's own default without it. */
  readonly replicationFactor?: number;
  readonly compression?: 'none' | 'gzip';
  /** How long an append tries before it rejects, in milliseconds (default 30,000). */
  readonly appendTimeoutMs?: number;
  /** A group member that is silent for this long is given up by the broker, in milliseconds (default 15,000). */
  readonly sessionTimeoutMs?: number;
  /** How a broker is reached where it is not directly, such as through a tunnel. */
  readonly connect?: (host: string, port: number) => Socket;
}

export const CONNECTION_TIMEOUT_MS = 3000;
export const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;
/** How long closing waits for a broker to take its leave. */
export const GOODBYE_MS = 3000;

export const topicName = ({ prefix = '' }: KafkaLogOptions, topic: Topic): string => `${prefix}${topic}`;
/** A group is of one topic: members of one Kafka group that read different topics are given one another's partitions. */
export const groupId = ({ prefix = '' }: KafkaLogOptions, topic: Topic, group: string): string =>
  `${prefix}${group}.${topic}`;

/** kafkajs's own attempts, quick and few: beyond them the adapter decides. Stated whole, its defaults depend on NODE_ENV. */
export const RETRY: RetryOptions = { initialRetryTime: 5, maxRetryTime: 500, factor: 0.2, multiplier: 2, retries: 6 };

export interface KafkaClient {
  readonly kafka: Kafka;
  readonly compression: CompressionTypes;
}

/** The client library, loaded only where Kafka is used. */
export async function createKafka(options: KafkaLogOptions): Promise<KafkaClient> {
  const { default: kafkajs } = await import('kafkajs');
  const config: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    socketFactory: ({ host, port, onConnect }) => openSocket(options, host, port, onConnect),
    logLevel: kafkajs.logLevel.WARN,
    logCreator: kafkajsLogCreator(options.log, kafkajs.logLevel.ERROR),
    // kafkajs has one type per mechanism; these three take the same two words.
    ...(options.sasl === undefined ? {} : { sasl: options.sasl as SASLOptions }),
  };
  const { GZIP, None } = kafkajs.CompressionTypes;
  return { kafka: new kafkajs.Kafka(config), compression: options.compression === 'gzip' ? GZIP : None };
}

function openSocket({ tls, connect }: KafkaLogOptions, host: string, port: number, onConnect: () => void): Socket {
  const plain = connect?.(host, port) ?? connectTcp({ host, port });
  plain.setKeepAlive(true, KEEP_ALIVE_MS);
  plain.setNoDelay(true);
  const socket = tls === undefined || tls === false ? plain : secure(plain, host, tls);
  // kafkajs takes leave of a broken connection more than once, and each time leaves a listener behind.
  socket.setMaxListeners(0);
  return socket.once(socket === plain ? 'connect' : 'secureConnect', onConnect);
}

function secure(plain: Socket, host: string, tls: true | ConnectionOptions): Socket {
  // Server Name Indication is for names (RFC 6066, section 3); the certificate is compared with `host` either way.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ host, ...servername, ...(tls === true ? {} : tls), socket: plain });
  plain.on('error', (error) => socket.destroy(error));
  return socket;
}
