import { basename } from 'node:path';

/** How to call us again from where the person is: as they did just now. */
export function invocationOf(
  script: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const { npm_lifecycle_event: event } = environment;
  if (event === 'npx') return 'npx keyledger';
  // npm sets this for any script: `npm start` is one too, and the script that passes words on is `keyledger`.
  if (event !== undefined) return 'npm run -s keyledger --';
  if (script === undefined || basename(script) === 'keyledger') return 'keyledger';
  return `node ${script.startsWith(process.cwd()) ? script.slice(process.cwd().length + 1) : script}`;
}
