import { ClickHouseError } from '@clickhouse/client';
import { expect, test } from 'vitest';
import { toOperationalError } from '../../../src/analytics/client.ts';
import { OperationalError } from '../../../src/base/index.ts';

const said = (type: string): ClickHouseError => new ClickHouseError({ message: 'words', code: '1', type });

test.each(['TOO_MANY_PARTS', 'MEMORY_LIMIT_EXCEEDED', 'NOT_ENOUGH_SPACE', 'TABLE_IS_READ_ONLY', 'TIMEOUT_EXCEEDED'])(
  '%s may pass: it is an outage',
  (type) => {
    expect(toOperationalError(said(type))).toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE', retryable: true });
  },
);

test.each(['SYNTAX_ERROR', 'ACCESS_DENIED', 'READONLY', 'UNKNOWN_TABLE', 'AUTHENTICATION_FAILED'])(
  '%s is about the statement or the user: it is a refusal',
  (type) => {
    expect(toOperationalError(said(type))).toMatchObject({ code: 'CLICKHOUSE_REJECTED', retryable: false });
  },
);

test('what is no answer at all is an outage, and keeps its cause', () => {
  const cause = new Error('connect ECONNREFUSED');
  expect(toOperationalError(cause)).toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE', retryable: true, cause });
});

test('an operational error stays what it is, and a long message is cut', () => {
  const error = new OperationalError('STREAM_GAP', 'gap');
  expect(toOperationalError(error)).toBe(error);
  expect(toOperationalError(new Error('x'.repeat(5000))).message.length).toBeLessThan(500);
});
