import { readFileSync, readdirSync } from 'node:fs';
import type { Json } from '../../../src/base/index.ts';
import * as events from '../../../src/events/index.ts';

const directory = new URL('../../fixtures/events/', import.meta.url);

/** One written thing of every version ever shipped, by file name without `.json`. */
export const fixtures: ReadonlyMap<string, Json> = new Map(
  readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [
      file.slice(0, -'.json'.length),
      JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Json,
    ]),
);

export interface Codec {
  readonly parse: (bytes: Uint8Array) => events.Parsed<unknown>;
  readonly encode: (value: unknown) => Buffer;
}

/** Who reads a fixture: its file name says it; a name that is not a contract's is that of a change inside an event. */
export function codecOf(name: string): Codec {
  switch (name.split('.')[0]) {
    case 'finding':
      return { parse: events.parseFinding, encode: (value) => events.encodeFinding(value as events.Finding) };
    case 'alert':
      return { parse: events.parseAlert, encode: (value) => events.encodeAlert(value as events.Alert) };
    case 'key-state':
      return { parse: events.parseKeyState, encode: (value) => events.encodeKeyState(value as events.KeyStateRow) };
    default:
      return { parse: events.parseKeyEvent, encode: (value) => events.encodeKeyEvent(value as events.KeyEvent) };
  }
}

export function fixture(name: string): Json {
  const found = fixtures.get(name);
  if (found === undefined) throw new Error(`There is no fixture ${name}`);
  return found;
}
