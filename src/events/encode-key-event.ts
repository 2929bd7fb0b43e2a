import { canonicalJson } from '../base/index.ts';
import type { KeyEvent } from './key-event.ts';

const text = (value: string): string => canonicalJson(value);
const member = (name: string, value: unknown): string =>
  value === undefined ? '' : `"${name}":${canonicalJson(value)},`;

/**
 * The canonical bytes of an event (RFC 8785): the leaf of the ledger and the value of the Kafka message. The same bytes as
 * `canonicalJson` gives, at a third of its cost: the members of the envelope are known, so they are written in their order
 * instead of being sorted for every call. A test compares the two over arbitrary events.
 */
export const encodeKeyEvent = (event: KeyEvent): Buffer => encodePlaced(event, event);

/** What an event receives with its place in the journal. */
export type Placing = Pick<KeyEvent, 'id' | 'seq' | 'time' | 'timing'>;

/** {@link encodeKeyEvent} of an event in two parts, without putting them together first. Other members are not written. */
export function encodePlaced(event: Omit<KeyEvent, 'v' | keyof Placing>, { id, seq, time, timing }: Placing): Buffer {
  const { trace } = event;
  return Buffer.from(
    `{"actor":${canonicalJson(event.actor)},"changes":${event.changes.length === 0 ? '[]' : canonicalJson(event.changes)},` +
      member('ciphertext', event.ciphertext) +
      member('decision', event.decision) +
      member('encryptionContext', event.encryptionContext) +
      member('errorCode', event.errorCode) +
      `"id":"${id}",` +
      member('key', event.key) +
      `"kind":"${event.kind}","operation":${text(event.operation)},"origin":${canonicalJson(event.origin)},` +
      `"outcome":"${event.outcome}","region":${text(event.region)},"request":${canonicalJson(event.request)},"seq":${seq},` +
      member('sourceEncryptionContext', event.sourceEncryptionContext) +
      member('sourceKey', event.sourceKey) +
      `"time":"${time}","timing":{"commitUs":${timing.commitUs},"cryptoUs":${timing.cryptoUs},"queueUs":${timing.queueUs},"totalUs":${timing.totalUs}},` +
      `"trace":{"requestId":${text(trace.requestId)}${trace.traceparent === undefined ? '' : `,"traceparent":${text(trace.traceparent)}`}},"v":1}`,
    'utf8',
  );
}
