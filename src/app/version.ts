import { readFileSync } from 'node:fs';

/** Version in package.json; src/ and dist/ lie at the same depth below it. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
