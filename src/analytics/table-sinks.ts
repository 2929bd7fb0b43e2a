import type { Log } from '../base/index.ts';
import {
  parseAlert,
  parseFinding,
  parseKeyState,
  TOPICS,
  type Alert,
  type Finding,
  type KeyStateRow,
  type Parsed,
  type Topic,
} from '../events/index.ts';
import type { Consumer, Rejection } from '../stream/index.ts';
import type { ClickHouse } from './client.ts';
import { timeFault, toAlertRow, toFindingRow, toKeyStateRow } from './rows.ts';

interface TableSink<T> {
  readonly name: string;
  readonly topic: Topic;
  readonly table: string;
  readonly parse: (bytes: Uint8Array) => Parsed<T>;
  readonly times: (value: T) => readonly (string | undefined)[];
  readonly toRow: (value: T) => object;
}

/**
 * A topic into a table that replaces rows by identity and version: delivering twice is delivering once, so the group's own
 * checkpoint is position enough.
 */
function tableSink<T>(client: ClickHouse, log: Log, sink: TableSink<T>): Consumer<T> {
  return {
    group: `keyledger-analytics-${sink.name}`,
    topic: sink.topic,
    parse: sink.parse,
    handle: async ({ partition, items }) => {
      const rejections: Rejection[] = [];
      const rows: object[] = [];
      for (const { offset, value } of items) {
        const fault = sink.times(value).find((time) => time !== undefined && timeFault(time) !== undefined);
        if (fault === undefined) rows.push(sink.toRow(value));
        else rejections.push({ offset, reason: timeFault(fault) ?? 'time' });
      }
      if (rows.length > 0) await client.insert(sink.table, rows);
      if (rejections.length > 0) log.warn('sink-rejected', { table: sink.table, partition, count: rejections.length });
      return rejections;
    },
  };
}

/** `keyledger.key-state` into `key_state`: the row with the highest seq of a key counts. */
export const keyStateSink = (client: ClickHouse, log: Log): Consumer<KeyStateRow> =>
  tableSink(client, log, {
    name: 'key-state',
    topic: TOPICS.keyState,
    table: 'key_state',
    parse: parseKeyState,
    times: (row) => [row.createdAt, row.deleteAt, row.nextRotationAt, row.lastRotatedAt],
    toRow: toKeyStateRow,
  });

/** `keyledger.findings` into `findings`, one row per id. */
export const findingsSink = (client: ClickHouse, log: Log): Consumer<Finding> =>
  tableSink(client, log, {
    name: 'findings',
    topic: TOPICS.findings,
    table: 'findings',
    parse: parseFinding,
    times: (finding) => [finding.time, finding.evidence.windowStart, finding.evidence.windowEnd],
    toRow: toFindingRow,
  });

/** `keyledger.alerts` into `alerts`: the highest version of an alert counts. */
export const alertsSink = (client: ClickHouse, log: Log): Consumer<Alert> =>
  tableSink(client, log, {
    name: 'alerts',
    topic: TOPICS.alerts,
    table: 'alerts',
    parse: parseAlert,
    times: (alert) => [alert.firstSeen, alert.lastSeen],
    toRow: toAlertRow,
  });
