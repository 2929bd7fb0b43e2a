import { formatClock, visible, type Terminal } from '../terminal.ts';

export type Facts = Readonly<Record<string, unknown>>;

/** Tells the story as it happens: lines for a person, or one JSON document for each step. */
export interface Narrator {
  /** One thing that somebody did. `facts` are the same in numbers and names, for `--json`. */
  say(step: string, who: string, text: string, facts?: Facts): void;
  /** Lines that belong to the step: a table, an alert, a command to paste. Printed as they are, with air around them. */
  show(step: string, lines: readonly string[], facts: Facts): void;
}

const CAST_WIDTH = 14;

/** @param elapsedMs time since the beginning of the story */
export function openNarrator(terminal: Terminal, elapsedMs: () => number): Narrator {
  const seconds = (): number => Math.round(elapsedMs()) / 1000;
  if (terminal.json) {
    return {
      say: (step, who, text, facts = {}) => terminal.document({ at: seconds(), step, who, text, ...facts }),
      show: (step, _lines, facts) => terminal.document({ at: seconds(), step, ...facts }),
    };
  }
  let blank = false;
  return {
    say: (_step, who, text) => {
      blank = false;
      const when = terminal.paint('dim', formatClock(elapsedMs()));
      terminal.out(`${when}  ${terminal.paint('cyan', who.padEnd(CAST_WIDTH))}  ${visible(text)}`);
    },
    show: (_step, lines) => {
      if (!blank) terminal.out();
      for (const line of lines) terminal.out(line === '' ? '' : `  ${line}`);
      terminal.out();
      blank = true;
    },
  };
}
