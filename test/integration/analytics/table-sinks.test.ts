import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  alertsSink,
  findingsSink,
  keyStateSink,
  queryAlerts,
  queryFindings,
  type ClickHouse,
} from '../../../src/analytics/index.ts';
import { silentLog, toIsoMicros } from '../../../src/base/index.ts';
import { encodeAlert, encodeFinding, encodeKeyState } from '../../../src/events/index.ts';
import type { Alert, Finding, KeyStateRow } from '../../../src/events/index.ts';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.ts';
import { ACCOUNT, keyArn, MINUTE_US, MONTH_US, roleArn } from './given.ts';

let clickhouse: TestClickHouse;
let client: ClickHouse;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  client = clickhouse.client;
});
afterAll(() => clickhouse.close());

const digest = (of: number): string => of.toString(16).padStart(64, '0');
const at = (minute: number): string => toIsoMicros(MONTH_US + minute * MINUTE_US);

const aState = (seq: number, state: KeyStateRow['state']): KeyStateRow => ({
  v: 1,
  seq,
  arn: keyArn('a'),
  keyId: 'a',
  account: ACCOUNT,
  region: 'eu-central-1',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  state,
  description: 'Ünïcode "quoted"\nand \\ broken',
  multiRegion: false,
  policyDigest: digest(1),
  tags: { team: 'payments' },
  aliases: ['alias/a'],
  version: 2,
  createdAt: at(0),
  ...(state === 'PendingDeletion' ? { deleteAt: at(60) } : {}),
});

const aFinding = (id: number, minute: number, severity: Finding['severity'] = 'high'): Finding => ({
  v: 1,
  id: digest(id),
  detector: 'decrypt-rate',
  detectorVersion: 1,
  severity,
  title: 'More decrypts than ever',
  time: at(minute),
  account: ACCOUNT,
  region: 'eu-central-1',
  key: keyArn('a'),
  principal: roleArn('thief'),
  techniques: ['T1530'],
  evidence: {
    explanation: 'usually 3 a minute, now 900',
    observed: 900,
    expected: 3.25,
    probability: 1e-12,
    windowStart: at(minute - 1),
    windowEnd: at(minute),
    seqs: [1, 2, 3],
  },
  triage: ['Ask the owner'],
});

const anAlert = (version: number, status: Alert['status'], lastSeen: number): Alert => ({
  v: 1,
  id: digest(77),
  version,
  status,
  severity: 'critical',
  route: 'page',
  title: 'Bulk decryption',
  account: ACCOUNT,
  region: 'eu-central-1',
  principal: roleArn('thief'),
  detectors: ['decrypt-rate'],
  techniques: ['T1530'],
  firstSeen: at(1),
  lastSeen: at(lastSeen),
  count: version,
  findings: [digest(1)],
  explanation: 'usually 3 a minute, now 900',
  seqs: [1, 2],
  triage: ['Disable the role'],
});

const items = <T>(encode: (value: T) => Uint8Array, ...values: readonly T[]) =>
  values.map((value, offset) => ({ offset, value, bytes: encode(value) }));

test('of a key the row with the highest seq counts, in whatever order and however often rows come', async () => {
  const sink = keyStateSink(client, silentLog);
  const batch = items(encodeKeyState, aState(9, 'PendingDeletion'), aState(3, 'Enabled'));
  await sink.handle({ partition: 0, items: batch });
  await sink.handle({ partition: 0, items: batch });
  await sink.handle({ partition: 0, items: items(encodeKeyState, aState(5, 'Disabled')) });
  const rows = await client.query(
    z.strictObject({
      seq: z.int(),
      state: z.string(),
      delete_at: z.string(),
      description: z.string(),
      team: z.string(),
    }),
    `SELECT seq, state, toString(delete_at) AS delete_at, description, tags['team'] AS team FROM key_state FINAL`,
  );
  const deleteAt = `${at(60).slice(0, 10)} ${at(60).slice(11, 26)}`;
  const description = aState(9, 'PendingDeletion').description;
  expect(rows).toEqual([{ seq: 9, state: 'PendingDeletion', delete_at: deleteAt, description, team: 'payments' }]);
});

test('a finding that a replay makes again is one finding', async () => {
  const sink = findingsSink(client, silentLog);
  const batch = items(encodeFinding, aFinding(1, 10), aFinding(2, 20, 'low'), aFinding(3, 30));
  await sink.handle({ partition: 0, items: batch });
  await sink.handle({ partition: 0, items: batch.slice(1) });
  expect(await queryFindings(client)).toEqual([aFinding(3, 30), aFinding(2, 20, 'low'), aFinding(1, 10)]);
});

test('findings are asked for by time, severity and account', async () => {
  expect(await queryFindings(client, { sinceUs: MONTH_US + 20 * MINUTE_US })).toHaveLength(2);
  expect(await queryFindings(client, { severity: 'low' })).toEqual([aFinding(2, 20, 'low')]);
  expect(await queryFindings(client, { account: '999999999999' })).toEqual([]);
  expect(await queryFindings(client, { limit: 1 })).toEqual([aFinding(3, 30)]);
});

test('of an alert the highest version counts', async () => {
  const sink = alertsSink(client, silentLog);
  const [one, two, three] = [anAlert(1, 'open', 5), anAlert(2, 'updated', 6), anAlert(3, 'closed', 6)];
  await sink.handle({ partition: 0, items: items(encodeAlert, one, three, two) });
  await sink.handle({ partition: 0, items: items(encodeAlert, two) });
  expect(await queryAlerts(client)).toEqual([three]);
  expect(await queryAlerts(client, { sinceUs: MONTH_US + 7 * MINUTE_US })).toEqual([]);
});

test('a row with an impossible time is poison, and the others are stored', async () => {
  const bad = { ...aFinding(9, 50), time: '2026-02-31T00:00:00.000000Z' };
  const batch = items(encodeFinding, bad, aFinding(4, 40));
  expect(await findingsSink(client, silentLog).handle({ partition: 0, items: batch })).toMatchObject([{ offset: 0 }]);
  expect(await queryFindings(client, { limit: 1 })).toEqual([aFinding(4, 40)]);
});
