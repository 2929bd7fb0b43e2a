import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatClock,
  formatCount,
  formatMs,
  formatShare,
  openTerminal,
  parseSpan,
  pause,
  table,
  visible,
  type TerminalOptions,
} from '../../../src/cli/terminal.ts';
import { memorySink } from './memory-sink.ts';

function given(options: Partial<TerminalOptions> & { tty?: boolean } = {}) {
  const stdout = memorySink(options.tty ?? false);
  const stderr = memorySink(options.tty ?? false);
  return { stdout, stderr, terminal: openTerminal({ stdout, stderr, environment: {}, json: false, ...options }) };
}

test('results go to stdout and talk goes to stderr', () => {
  const { stdout, stderr, terminal } = given();
  terminal.out('a result');
  terminal.document({ a: 'result' });
  terminal.talk('a word');
  expect([stdout.lines, stderr.lines]).toEqual([['a result', '{"a":"result"}'], ['a word']]);
});

test('colour is for a terminal alone, and NO_COLOR and TERM=dumb are honoured', () => {
  expect(given({ tty: true }).terminal.paint('red', 'no')).toBe('\u001b[31mno\u001b[39m');
  expect(given({ tty: true, environment: { NO_COLOR: '' } }).terminal.paint('red', 'no')).toBe(
    '\u001b[31mno\u001b[39m',
  );
  expect(given({ tty: false }).terminal.paint('red', 'no')).toBe('no');
  expect(given({ tty: true, environment: { NO_COLOR: '1' } }).terminal.paint('red', 'no')).toBe('no');
  expect(given({ tty: true, environment: { TERM: 'dumb' } }).terminal.paint('red', 'no')).toBe('no');
});

test('when the reader of stdout has gone, the work is told once and nothing more is written', () => {
  let told = 0;
  const { stdout, terminal } = given({ onGone: () => (told += 1) });
  terminal.out('read');
  stdout.leave();
  stdout.leave();
  terminal.out('unread');
  expect([stdout.lines, terminal.gone, told]).toEqual([['read'], true, 1]);
});

test('any other fault of stdout is thrown, not hidden', () => {
  const faults: ((error: Error) => void)[] = [];
  const stdout = {
    write: () => true,
    on: (_event: 'error', listener: (error: Error) => void) => faults.push(listener),
  };
  given({ stdout });
  expect(() => faults[0]?.(Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toThrow('disk full');
});

test('a table aligns numbers to the right and leaves no space at the ends of lines', () => {
  const { terminal } = given();
  const columns = [{ title: 'who' }, { title: 'requests', align: 'right' as const }, { title: 'note' }];
  expect(
    table(terminal, columns, [
      ['payments', '7', ''],
      ['me', { text: '1,200', style: 'red' }, 'ok'],
    ]),
  ).toEqual(['who       requests  note', 'payments         7', 'me           1,200  ok']);
});

test('a painted cell is as wide as its text', () => {
  const { terminal } = given({ tty: true });
  const [, line] = table(
    terminal,
    [{ title: 'count', align: 'right' }, { title: 'x' }],
    [[{ text: '3', style: 'red' }, 'y']],
  );
  expect(line).toBe('\u001b[31m    3\u001b[39m  y');
});

test('nothing that a caller chose can steer the terminal it is printed on', () => {
  expect(visible('a\u001b[2Jb\rc\u202ed\u009b31m')).toBe('a\\u001b[2Jb\\u000dc\\u202ed\\u009b31m');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // eslint-disable-next-line no-control-regex -- control characters are what it is about
      expect(visible(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
    }),
  );
});

test('visible text is left as it is', () => {
  expect(visible('Zoë → 鍵 role/payments')).toBe('Zoë → 鍵 role/payments');
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
])('the count %d reads %s', (count, text) => expect(formatCount(count)).toBe(text));

test.each([
  [1, '100 %'],
  [0.99996, '99.99 %'],
  [0.5, '50.00 %'],
  [0, '0.00 %'],
])('the share %d reads %s: 100 %% only when it is', (share, text) => expect(formatShare(share)).toBe(text));

test.each([
  [0, '0 µs'],
  [0.0853, '85 µs'],
  [0.412, '0.412 ms'],
  [12.34, '12.3 ms'],
  [456.7, '457 ms'],
  [1250, '1.25 s'],
  [60_000, '60.0 s'],
])('%d ms reads %s', (ms, text) => expect(formatMs(ms)).toBe(text));

test('a moment of the story reads as minutes and seconds', () => {
  expect([0, 59_999, 65_000, 3_600_000].map(formatClock)).toEqual(['00:00', '00:59', '01:05', '60:00']);
});

test('a span is a number with a unit, and more than nothing', () => {
  expect(['90s', '15m', '6h', '2d'].map(parseSpan)).toEqual([90, 900, 21_600, 172_800]);
  expect(['', '0m', '15', 'm', '-1m', '1w', '1.5h', '15m '].map(parseSpan)).toEqual(Array(8).fill(undefined));
});

test('a pause ends at once when told to stop', async () => {
  const stop = new AbortController();
  const begun = performance.now();
  const paused = pause(60_000, stop.signal);
  stop.abort();
  await paused;
  await pause(60_000, stop.signal);
  expect(performance.now() - begun).toBeLessThan(1_000);
});
