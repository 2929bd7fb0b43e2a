import { expect, test } from 'vitest';
import { eventLine, shortKey, shortPrincipal } from '../../../src/cli/event-line.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';
import type { KeyEvent } from '../../../src/events/index.ts';
import { fixture } from '../events/fixtures.ts';
import { memorySink } from './memory-sink.ts';

const terminal = openTerminal({ stdout: memorySink(), stderr: memorySink(), environment: {}, json: false });
const every = fixture('key-event.v1.every-field') as KeyEvent;
const denied = fixture('key-event.v1.denied') as KeyEvent;
const lineOf = (event: KeyEvent, changed: Partial<KeyEvent> = {}): string =>
  eventLine(terminal, { ...event, ...changed });

test('a refusal says its error and what decided it', () => {
  expect(lineOf(denied)).toContain(`denied     ${denied.operation}`);
  expect(lineOf(denied)).toMatch(new RegExp(`${denied.errorCode ?? ''}, by ${denied.decision?.by ?? ''}.*$`));
});

test('a success says who used which key, in which context, and nothing about decisions', () => {
  const line = lineOf(every, { outcome: 'success', encryptionContext: { table: 'cards', row: '7' } });
  expect(line).toContain(shortPrincipal(every.actor.arn));
  expect(line).toContain('table=cards row=7');
  expect(line).not.toContain('by key-policy');
});

test('what manages keys shows its parameters, without the long ones', () => {
  const request = { keyId: 'k-1', policy: 'p'.repeat(4_000), days: 7 };
  // An event without an encryption context: that would be shown instead.
  const creation = { ...denied, kind: 'management', outcome: 'success', request } as const;
  delete (creation as Partial<KeyEvent>).encryptionContext;
  expect(eventLine(terminal, creation)).toMatch(/ {2}keyId=k-1 days=7$/);
});

test('an event cannot steer the terminal, wherever the caller put its escape', () => {
  const bad = '\u001b]0;owned\u0007';
  const { key } = every;
  const line = lineOf(every, {
    outcome: 'denied',
    operation: bad,
    errorCode: bad,
    actor: { ...every.actor, arn: `arn:aws:iam::000000000000:role/${bad}` },
    encryptionContext: { [bad]: bad },
    ...(key === undefined ? {} : { key: { ...key, alias: bad } }),
    decision: { effect: 'deny', by: 'key-policy', sid: bad },
  });
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  expect(line).not.toMatch(/[\u0000-\u001f]/);
  expect(line).toContain('\\u001b]0;owned\\u0007');
});

test('principals and keys are called by their last words, with the account where it says something', () => {
  expect(shortPrincipal('arn:aws:iam::000000000000:role/payments')).toBe('role/payments');
  expect(shortPrincipal('arn:aws:iam::111122223333:role/payments')).toBe('111122223333:role/payments');
  expect(shortPrincipal('not an arn')).toBe('not an arn');
  expect(shortKey('arn:aws:kms:us-east-1:000000000000:key/1234')).toBe('key/1234');
  expect(shortKey('1234')).toBe('1234');
});
