import { describe, expect, test } from 'vitest';
import { OperationalError, assert, messageOf } from '../../../src/base/index.ts';

describe('an operational error', () => {
  test('carries its code, its cause and whether another attempt may succeed', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = new OperationalError('KAFKA_UNAVAILABLE', 'No broker answered', { retryable: true, cause });
    expect(error).toMatchObject({ name: 'OperationalError', code: 'KAFKA_UNAVAILABLE', retryable: true, cause });
  });

  test('is not retryable unless it says so, and has no cause unless it was given one', () => {
    const error = new OperationalError('CONFIG_INVALID', 'wrong');
    expect(error.retryable).toBe(false);
    expect('cause' in error).toBe(false);
  });
});

describe('the message of what was thrown', () => {
  test('is that of an error, and the text of anything else', () => {
    expect(messageOf(new Error('disk full'))).toBe('disk full');
    expect(messageOf('plain')).toBe('plain');
    expect(messageOf(undefined)).toBe('undefined');
  });

  test('is never empty: an aggregate without words says what its parts say, an error without words its name', () => {
    expect(messageOf(new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]))).toBe(
      '::1 refused; 127.0.0.1 refused',
    );
    expect(messageOf(new TypeError())).toBe('TypeError');
  });
});

describe('an assertion', () => {
  test.each([undefined, null, false])('fails on %s and calls it a bug', (condition) => {
    expect(() => assert(condition, 'the key is loaded')).toThrow('Bug: the key is loaded');
  });

  test('lets what holds pass', () => {
    expect(() => assert(1 + 1 === 2, 'arithmetic')).not.toThrow();
  });
});
