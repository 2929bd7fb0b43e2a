import { basename, relative } from 'node:path';

/** How to call us again from where the person is: as they did just now. */
export function invocationOf(
  script: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
): string {
  const { npm_lifecycle_event: event } = environment;
  if (script === undefined || basename(script) === 'keyledger') return event === 'npx' ? 'npx keyledger' : 'keyledger';
  // The script of package.json that passes words on; `npm start` is another, whose hints are for the next terminal.
  if (event === 'keyledger' || event === 'start') return 'npm run -s keyledger --';
  return `node ${relative(directory, script)}`;
}
