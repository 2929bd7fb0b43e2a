import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monthOf, timeFault, toKeyEventRow } from '../../../src/analytics/rows.ts';
import { parseKeyEvent, type KeyEvent } from '../../../src/events/index.ts';

const fixture = (name: string): { event: KeyEvent; bytes: Uint8Array } => {
  const bytes = readFileSync(new URL(`../../fixtures/events/key-event.v1.${name}.json`, import.meta.url));
  const parsed = parseKeyEvent(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { event: parsed.value, bytes };
};
const SOURCE = { origin: 'kafka', topic: 'keyledger.key-events', partition: 3, offset: 41 };

test('a row carries every part of an event that people filter by, and the event itself', () => {
  const { event, bytes } = fixture('every-field');
  const row = toKeyEventRow(event, bytes, SOURCE);
  expect(row).toMatchObject({
    seq: event.seq,
    id: event.id,
    operation: event.operation,
    outcome: event.outcome,
    error_code: event.errorCode,
    account: event.key?.account,
    caller_account: event.actor.account,
    principal: event.actor.arn,
    session: event.actor.session,
    subject: event.actor.subject,
    ip: event.origin.ip,
    tls: event.origin.tls,
    key_arn: event.key?.arn,
    key_version: event.key?.version,
    key_alias: event.key?.alias,
    source_key_arn: event.sourceKey?.arn,
    encryption_context: event.encryptionContext,
    decision_sid: event.decision?.sid,
    decision_grant_id: event.decision?.grantId,
    ciphertext_in: event.ciphertext?.in,
    total_us: event.timing.totalUs,
    commit_us: event.timing.commitUs,
    request_id: event.trace.requestId,
    change_types: event.changes.map(({ type }) => type),
    origin: 'kafka',
    topic: SOURCE.topic,
    k_partition: 3,
    k_offset: 41,
  });
  expect(JSON.parse(row.request)).toEqual(event.request);
  expect(row.event).toBe(Buffer.from(bytes).toString('utf8'));
});

test('what an event does not have is empty, never null or absent', () => {
  const { event, bytes } = fixture('fewest-fields');
  const row = toKeyEventRow(event, bytes, SOURCE);
  for (const [column, value] of Object.entries(row)) expect(value, column).not.toBeNullable();
  expect(row).toMatchObject({ key_arn: '', key_version: 0, error_code: '', encryption_context: {}, change_types: [] });
});

test('an event about no key belongs to its caller', () => {
  const { event, bytes } = fixture('every-field');
  const keyless = { ...event };
  delete keyless.key;
  expect(toKeyEventRow(keyless, bytes, SOURCE).account).toBe(event.actor.account);
});

test('times keep their microseconds', () => {
  const { event, bytes } = fixture('every-field');
  const row = toKeyEventRow({ ...event, time: '2026-01-31T23:59:59.000007Z' }, bytes, SOURCE);
  expect(row.time).toBe('2026-01-31 23:59:59.000007');
  expect(monthOf('2026-01-31T23:59:59.999999Z')).toBe('2026-01');
});

test('every time between 1970 and 2105 can be stored', () => {
  const date = fc.date({ min: new Date(0), max: new Date(Date.UTC(2106, 0, 1) - 1), noInvalidDate: true });
  fc.assert(fc.property(date, (time) => timeFault(time.toISOString().replace('Z', '000Z')) === undefined));
});

test.each(['1969-12-31T23:59:59.999999Z', '2106-01-01T00:00:00.000000Z', '2026-00-01T00:00:00.000000Z'])(
  '%s cannot',
  (time) => {
    expect(timeFault(time)).toMatch(/^time: /);
  },
);
