/** One command of a transcript: what was typed, with which settings before it, and what came of it. */
export interface Step {
  readonly typed: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** Lines of stdout as they are, of stderr after `! `, and last `[exit N]` where it is not 0. `…` stands for anything. */
  readonly expected: readonly string[];
}

export interface Transcript {
  /** The first line of the file: what it is about. */
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Lines after `#` are for the reader; `$` begins a command; the lines up to the next blank or `$` are what it prints. */
export function parseTranscript(text: string): Transcript {
  const steps: Step[] = [];
  let title = '';
  let expected: string[] | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# ')) {
      title ||= line.slice(2);
    } else if (line.startsWith('$ ')) {
      const typed = line.slice(2);
      const words = typed.match(/"[^"]*"|\S+/g)?.map((word) => word.replace(/^"|"$/g, '')) ?? [];
      const at = words.indexOf('keyledger');
      const settings = words
        .slice(0, at)
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
      expected = [];
      steps.push({ typed, environment: Object.fromEntries(settings), words: words.slice(at + 1), expected });
    } else {
      expected?.push(line);
    }
  }
  return { title, steps: steps.map((step) => ({ ...step, expected: trimmed(step.expected) })) };
}

/** A transcript has air between its commands. */
function trimmed(lines: readonly string[]): string[] {
  const last = lines.findLastIndex((line) => line !== '');
  return lines.slice(0, last + 1);
}

/** The actual lines, each replaced by the expected one where that matches, so that a difference shows only what differs. */
export const matched = (actual: readonly string[], expected: readonly string[]): string[] =>
  actual.map((line, at) => {
    const pattern = expected[at];
    return pattern !== undefined && matches(line, pattern) ? pattern : line;
  });

function matches(line: string, pattern: string): boolean {
  const parts = pattern.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(line);
}
