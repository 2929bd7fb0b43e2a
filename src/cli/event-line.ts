import type { KeyEvent } from '../events/index.ts';
import { formatMs, visible, type Style, type Terminal } from './terminal.ts';

const STYLES: Readonly<Record<KeyEvent['outcome'], Style | undefined>> = {
  success: undefined,
  denied: 'red',
  throttled: 'yellow',
  invalid: 'yellow',
  failed: 'red',
};

/** One event as one line: when, what, how it ended, who, on which key, in which context or with what parameters, and what decided. */
export function eventLine(terminal: Terminal, event: KeyEvent): string {
  const { seq, time, operation, kind, outcome, errorCode, actor, key, request, encryptionContext, decision, timing } =
    event;
  const style = STYLES[outcome];
  const ended = outcome.padEnd(9);
  const parts = [
    terminal.paint('dim', String(seq).padStart(6)),
    `${time.slice(11, 23)}Z`,
    style === undefined ? ended : terminal.paint(style, ended),
    visible(operation).padEnd(18),
    formatMs(timing.totalUs / 1000).padStart(9),
    visible(shortPrincipal(actor.arn)),
  ];
  if (key !== undefined) parts.push(visible(`${key.region} ${key.alias ?? shortKey(key.arn)}`));
  if (encryptionContext !== undefined) parts.push(terminal.paint('dim', pairs(encryptionContext)));
  else if (kind === 'management') parts.push(terminal.paint('dim', pairs(request)));
  if (outcome !== 'success') {
    const by = decision === undefined ? undefined : [decision.by, decision.sid].filter(Boolean).join(' ');
    parts.push(visible([errorCode, by === undefined ? undefined : `by ${by}`].filter(Boolean).join(', ')));
  }
  return parts.join('  ').trimEnd();
}

/** `role/payments` of `arn:aws:iam::000000000000:role/payments`; with the account where it is another than zero. */
export function shortPrincipal(arn: string): string {
  const [, , , , account, ...name] = arn.split(':');
  return account === undefined || name.length === 0
    ? arn
    : `${/^0*$/.test(account) ? '' : `${account}:`}${name.join(':')}`;
}

/** `key/1234abcd…` of a key's ARN. */
export const shortKey = (arn: string): string => arn.split(':').slice(5).join(':') || arn;

const LONGEST = 120;

/** `name=value` for everything that is short; a policy is better read with --json. */
const pairs = (record: KeyEvent['request']): string =>
  visible(
    Object.entries(record)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .filter((pair) => pair.length <= LONGEST)
      .join(' '),
  ).slice(0, LONGEST);
