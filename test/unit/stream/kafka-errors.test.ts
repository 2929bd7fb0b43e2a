import { expect, test } from 'vitest';
import { OperationalError } from '../../../src/base/index.ts';
import { isGroupChange, isRefusal, isTopicExists, toOperational } from '../../../src/stream/kafka-errors.ts';

const protocolError = (type: string): Error => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
const wrapped = (cause: Error): Error => new Error('retries exceeded', { cause });

test('what the broker refuses is not tried again; a broker that is away is', () => {
  expect(toOperational(protocolError('MESSAGE_TOO_LARGE'), 'append')).toMatchObject({
    code: 'KAFKA_REJECTED',
    retryable: false,
  });
  expect(toOperational(wrapped(protocolError('TOPIC_AUTHORIZATION_FAILED')), 'append')).toMatchObject({
    code: 'KAFKA_REJECTED',
  });
  expect(toOperational(new Error('connect ECONNREFUSED'), 'append')).toMatchObject({
    code: 'KAFKA_UNAVAILABLE',
    retryable: true,
  });
});

test('the reason is found however often it is wrapped, alone or among others', () => {
  expect(isGroupChange(wrapped(wrapped(protocolError('REBALANCE_IN_PROGRESS'))))).toBe(true);
  expect(isTopicExists(Object.assign(new Error('2 errors'), { errors: [protocolError('TOPIC_ALREADY_EXISTS')] }))).toBe(
    true,
  );
  expect(isRefusal('a string')).toBe(false);
});

test('an operational error stays what it is, and a circle of causes ends', () => {
  const operational = new OperationalError('KAFKA_UNAVAILABLE', 'away');
  expect(toOperational(operational, 'append')).toBe(operational);
  const circle = new Error('circle');
  circle.cause = circle;
  expect(isRefusal(circle)).toBe(false);
});
