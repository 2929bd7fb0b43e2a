import type { Sink } from '../../../src/cli/terminal.ts';

/** A stream that remembers its lines. `leave` makes it one whose reader has gone. */
export interface MemorySink extends Sink {
  readonly lines: string[];
  leave(): void;
}

export function memorySink(isTTY = false, onLine: (line: string) => void = () => undefined): MemorySink {
  const lines: string[] = [];
  const listeners: ((error: Error) => void)[] = [];
  return {
    isTTY,
    lines,
    write: (text) => {
      for (const line of text.replace(/\n$/, '').split('\n')) {
        lines.push(line);
        onLine(line);
      }
    },
    on: (_event, listener) => listeners.push(listener),
    leave: () => {
      for (const listener of listeners) listener(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  };
}
