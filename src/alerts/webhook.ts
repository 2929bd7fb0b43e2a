import { messageOf, OperationalError, silentLog, systemClock, type Clock, type Log } from '../base/index.ts';
import { parseAlert, TOPICS, type Alert } from '../events/index.ts';
import { backoffMs, sleep, type Backoff, type Consumer, type Rejection } from '../stream/index.ts';
import { parseReceiverUrl, resolveReceiver, type Lookup } from './egress.ts';
import { post, type Answer, type TlsOptions } from './post.ts';
import { parseWebhookSecret, signWebhook } from './signature.ts';

const MAX_BODY_BYTES = 256 * 1024;
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface WebhookOptions {
  /** Names the sink in its consumer group and in logs: `[a-z0-9-]`. */
  readonly name: string;
  readonly url: string;
  /** `whsec_...`; all of them sign, so that a receiver can change from one to the next. */
  readonly secrets: readonly string[];
  /** Lets it reach private and loopback addresses, and plain http: for receivers within one's own network. */
  readonly allowPrivate?: boolean;
  readonly tls?: TlsOptions;
  /** For one attempt, name resolution apart (default 10,000). */
  readonly timeoutMs?: number;
  /** How long a batch is tried before the line stops and the batch comes again (default 20,000). */
  readonly patienceMs?: number;
  readonly backoff?: Backoff;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly lookup?: Lookup;
  /** Ends attempts and pauses when the process stops; what was not acknowledged comes again. */
  readonly signal?: AbortSignal;
}

export interface SinkCounts {
  readonly delivered: number;
  readonly retried: number;
  readonly refused: number;
}

export interface WebhookSink extends Consumer<Alert> {
  counts(): SinkCounts;
}

type Fate =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string; readonly waitMs: number };

/** What is sent. `source` lets a receiver see gaps; `webhook-id` lets it drop repeats. */
const bodyOf = (alert: Alert, partition: number, offset: number): string =>
  JSON.stringify({
    type: `alert.${alert.status === 'open' ? 'opened' : alert.status}`,
    timestamp: alert.lastSeen,
    data: alert,
    source: { topic: TOPICS.alerts, partition, offset },
  });

/** One delivery: the same version of the same alert has the same id however often it is sent. */
export const webhookId = ({ id, version }: Alert): string => `${id}-${version}`;

/**
 * Consumer of `keyledger.alerts` that posts each to one receiver, signed by Standard Webhooks. At least once and in order: an
 * alert is acknowledged after a 2xx. 408, 425, 429, 5xx and a missing answer are tried again with full jitter, not before
 * Retry-After; when patience ends the line stops with SINK_UNAVAILABLE. Any other answer is final: dead letters.
 *
 * @throws OperationalError CONFIG_INVALID for a URL or secret that cannot be right.
 */
export function webhookSink(options: WebhookOptions): WebhookSink {
  const { name, allowPrivate = false, tls = {}, timeoutMs = 10_000, patienceMs = 20_000, lookup } = options;
  const { backoff = { baseMs: 250, capMs: 30_000 }, log = silentLog, clock = systemClock } = options;
  const signal = options.signal ?? new AbortController().signal;
  const url = parseReceiverUrl(options.url, allowPrivate);
  const secrets = options.secrets.map(parseWebhookSecret);
  if (secrets.length === 0) throw new OperationalError('CONFIG_INVALID', `The webhook ${name} has no secret`);

  const counts = { delivered: 0, retried: 0, refused: 0 };
  const nowMs = (): number => clock.monotonicUs() / 1000;
  let notBeforeMs = 0;
  /** Fates of a batch that comes again, by partition: what was answered is not sent twice. */
  const settled = new Map<number, Map<number, Fate>>();

  async function attempt(id: string, body: string, attempts: number): Promise<Fate> {
    const again = (reason: string, atLeastMs = 0): Fate => {
      return { kind: 'again', reason, waitMs: Math.max(atLeastMs, backoffMs(attempts, backoff)) };
    };
    let answer: Answer;
    try {
      const to = await resolveReceiver(url, allowPrivate, lookup);
      const headers = { ...signWebhook(secrets, { id, timestampS: Math.floor(clock.nowUs() / 1e6), body }) };
      answer = await post({ url, to, headers, body, timeoutMs, signal, tls });
    } catch (error) {
      return again(messageOf(error));
    }
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return { kind: 'delivered' };
    const reason = `the receiver answered ${status}`;
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      return again(reason, retryAfterMs(retryAfter, clock.nowUs() / 1000));
    }
    return { kind: 'refused', reason };
  }

  async function deliver(id: string, body: string, deadlineMs: number): Promise<Fate> {
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return { kind: 'refused', reason: 'larger than 256 KiB' };
    for (let attempts = 0; ; attempts += 1) {
      if (notBeforeMs <= deadlineMs) await sleep(Math.max(0, notBeforeMs - nowMs()), signal);
      if (notBeforeMs > deadlineMs || signal.aborted) {
        throw new OperationalError('SINK_UNAVAILABLE', `The receiver of ${name} does not answer`, { retryable: true });
      }
      const fate = await attempt(id, body, attempts);
      if (fate.kind !== 'again') return fate;
      counts.retried += 1;
      notBeforeMs = nowMs() + fate.waitMs;
      log.warn('webhook-retry', {
        sink: name,
        id,
        attempts: attempts + 1,
        reason: fate.reason,
        waitMs: Math.round(fate.waitMs),
      });
    }
  }

  return {
    group: `sink-${name}`,
    topic: TOPICS.alerts,
    parse: parseAlert,
    async handle({ partition, items }) {
      const earlier = settled.get(partition) ?? new Map<number, Fate>();
      const fates = new Map<number, Fate>();
      settled.set(partition, fates);
      const deadlineMs = nowMs() + patienceMs;
      // What this batch repeats of the last one keeps its fate even if this attempt ends early as well.
      for (const { offset } of items) {
        const fate = earlier.get(offset);
        if (fate !== undefined) fates.set(offset, fate);
      }
      const rejections: Rejection[] = [];
      for (const { offset, value } of items) {
        let fate = fates.get(offset);
        if (fate === undefined) {
          fate = await deliver(webhookId(value), bodyOf(value, partition, offset), deadlineMs);
          fates.set(offset, fate);
          if (fate.kind === 'delivered') counts.delivered += 1;
          else counts.refused += 1;
        }
        if (fate.kind === 'refused') rejections.push({ offset, reason: fate.reason });
      }
      return rejections;
    },
    counts: () => ({ ...counts }),
  };
}

/** RFC 9110 section 10.2.3: seconds or a date; at most an hour, for a receiver must not be able to switch itself off. */
function retryAfterMs(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - wallMs;
  return Number.isNaN(ms) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}
