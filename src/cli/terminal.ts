/**
 * The manners of every command. Results go to stdout and talk goes to stderr, so that a pipe carries results alone.
 * With `--json` results are one JSON document, or one per line where there is a stream of them. Colour is for people at
 * a terminal who did not set NO_COLOR (no-color.org). What callers of the service chose (user agents, contexts, names)
 * is printed with its control characters made visible: a log must not be able to steer the terminal it is read on.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Terminal {
  /** Whether results are wanted as JSON. */
  readonly json: boolean;
  /** Lines of a result, for people. */
  out(text?: string): void;
  /** One JSON document on a line of its own. */
  document(value: unknown): void;
  /** What is said about the work; never a result. */
  talk(text: string): void;
  /** The text in a style on stdout, or as it is. */
  paint(style: Style, text: string): string;
  /** Whether the reader of stdout has gone; further writing is pointless, and silent. */
  readonly gone: boolean;
}

export interface Sink {
  readonly isTTY?: boolean;
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface TerminalOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  /** Called once when the reader of stdout has gone, as `head` does. */
  readonly onGone?: () => void;
}

/** SGR parameters, ECMA-48 8.3.117: on and off. */
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export function openTerminal({ stdout, stderr, environment, json, onGone }: TerminalOptions): Terminal {
  const colour = stdout.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  let gone = false;
  stdout.on('error', (error) => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error;
    if (gone) return;
    gone = true;
    onGone?.();
  });
  // Talk that nobody can hear is no reason to stop.
  stderr.on('error', () => undefined);
  const write = (text: string): void => {
    if (!gone) stdout.write(`${text}\n`);
  };
  return {
    json,
    out: (text = '') => write(text),
    document: (value) => write(JSON.stringify(value)),
    talk: (text) => void stderr.write(`${text}\n`),
    paint: (style, text) => (colour ? `\u001b[${SGR[style][0]}m${text}\u001b[${SGR[style][1]}m` : text),
    get gone() {
      return gone;
    },
  };
}

// C0 and C1 controls, and what reorders or hides text on a screen (Unicode TR36: bidirectional and zero-width marks).
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with everything that could steer a terminal made visible. */
export const visible = (text: string): string =>
  text.replace(UNPRINTABLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A cell: its text, and how the line it is on may be painted without counting towards the width. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** A table as lines: a heading, then the rows; columns two spaces apart, numbers to the right. */
export function table(terminal: Terminal, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => visible(typeof cell === 'string' ? cell : cell.text)));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...texts.map((row) => row[at]?.length ?? 0)));
  const pad = (text: string, at: number): string =>
    columns[at]?.align === 'right' ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const heading = columns.map(({ title }, at) => pad(title, at)).join('  ');
  const lines = rows.map((row, line) =>
    row
      .map((cell, at) => {
        const text = pad(texts[line]?.[at] ?? '', at);
        return typeof cell === 'string' ? text : terminal.paint(cell.style, text);
      })
      .join('  ')
      .trimEnd(),
  );
  return [terminal.paint('dim', heading.trimEnd()), ...lines];
}

/** 1234567 as `1,234,567`. */
export const formatCount = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** A share of one as a percentage that says 100 % only when it is: 0.99996 is `99.99 %`. */
export function formatShare(share: number): string {
  if (share === 1) return '100 %';
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}

/** Milliseconds with three digits that matter, in the unit that suits them: `85 µs`, `0.412 ms`, `12.3 ms`, `1.25 s`. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  if (ms < 0.1) return `${Math.round(ms * 1000)} µs`;
  return `${ms >= 100 ? Math.round(ms) : ms.toPrecision(3)} ms`;
}

/** A moment of something that lasts minutes: `01:05`. */
export function formatClock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

const SPANS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds in `90s`, `15m`, `6h` or `2d`; undefined for anything else, zero included. */
export function parseSpan(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * SPANS[unit as keyof typeof SPANS];
  return seconds > 0 ? seconds : undefined;
}

/** Waits, and returns at once when told to stop. */
export async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stopped }).catch((error: unknown) => {
    if (!stopped.aborted) throw error;
  });
}
