import { toIsoMicros, uuidv7 } from '../../../src/base/index.ts';
import { encodeKeyEvent, type KeyEvent, type Outcome } from '../../../src/events/index.ts';
import type { ClickHouse } from '../../../src/analytics/index.ts';
import type { Consumer, Item } from '../../../src/stream/index.ts';

export const ACCOUNT = '000000000000';
export const keyArn = (name: string): string => `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${name}`;
export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

/** The first of the present month, 00:00: recent enough for every TTL, and the same for all events of a run. */
const now = new Date();
export const MONTH_US = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) * 1000;
export const MINUTE_US = 60_000_000;

export interface Given {
  readonly seq: number;
  readonly timeUs?: number;
  readonly operation?: string;
  readonly outcome?: Outcome;
  readonly key?: string;
  readonly role?: string;
  readonly totalUs?: number;
  readonly fingerprint?: string;
}

export function anEvent(given: Given): KeyEvent {
  const { seq, timeUs = MONTH_US + seq * 1000, operation = 'Decrypt', outcome = 'success' } = given;
  const { key = `key-${seq % 7}`, role = `service-${seq % 3}`, totalUs = 1000 + (seq % 100), fingerprint } = given;
  return {
    v: 1,
    id: uuidv7(Math.floor(timeUs / 1000)),
    seq,
    time: toIsoMicros(timeUs),
    operation,
    kind: 'data',
    outcome,
    region: 'eu-central-1',
    actor: { arn: roleArn(role), type: 'role', account: ACCOUNT },
    origin: { ip: `10.0.0.${seq % 5}`, userAgent: 'aws-sdk-js/3' },
    key: { arn: keyArn(key), account: ACCOUNT, region: 'eu-central-1', version: 1 },
    request: { KeyId: `alias/${key}` },
    encryptionContext: { tenant: `t-${seq % 4}` },
    decision: { effect: outcome === 'denied' ? 'deny' : 'allow', by: 'key-policy', sid: 'AllowUse' },
    ...(fingerprint === undefined ? {} : { ciphertext: { in: fingerprint } }),
    timing: { totalUs, queueUs: 10, cryptoUs: 20, commitUs: 500 },
    trace: { requestId: `request-${seq}` },
    changes: [],
  };
}

/** An event as a run loop would hand it over: parsed from its bytes. */
export function delivered(offset: number, event: KeyEvent): Item<KeyEvent> {
  return { offset, value: event, bytes: encodeKeyEvent(event) };
}

/** Events seq..seq+count-1 at offsets one below their seq. */
export const run = (seq: number, count: number, given: Partial<Given> = {}): Item<KeyEvent>[] =>
  Array.from({ length: count }, (_, at) => delivered(seq + at - 1, anEvent({ seq: seq + at, ...given })));

/** What a run loop does after a start: asks for the position, then delivers everything from there in batches. */
export async function deliver<T>(
  sink: Consumer<T>,
  log: readonly Item<T>[],
  { partition = 0, batch = 1000 } = {},
): Promise<void> {
  const from = (await sink.position?.(partition)) ?? 0;
  const wanted = log.filter(({ offset }) => offset >= from);
  for (let at = 0; at < wanted.length; at += batch) {
    await sink.handle({ partition, items: wanted.slice(at, at + batch) });
  }
}

type Moment = 'before' | 'after';

/** A process that dies at a chosen moment: the nth insert into a table is not sent, or sent and its answer lost. */
export function dyingAt(client: ClickHouse, table: string, moment: Moment, nth = 1): ClickHouse {
  let inserts = 0;
  return {
    ...client,
    insert: async (into, rows, options) => {
      const dies = into === table && (inserts += 1) === nth;
      if (dies && moment === 'before') throw new Error(`Died before its insert into ${table}`);
      await client.insert(into, rows, options);
      if (dies) throw new Error(`Died after its insert into ${table}`);
    },
  };
}
