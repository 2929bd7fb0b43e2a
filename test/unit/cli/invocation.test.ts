import { expect, test } from 'vitest';
import { invocationOf } from '../../../src/cli/invocation.ts';

const here = '/home/me/keyledger';
const script = `${here}/dist/cli/main.js`;

test.each([
  ['the npm script', script, 'keyledger', 'npm run -s keyledger --'],
  ['npm start', script, 'start', 'npm run -s keyledger --'],
  ['npx', '/tmp/_npx/node_modules/.bin/keyledger', 'npx', 'npx keyledger'],
  ['an installed command', '/usr/local/bin/keyledger', undefined, 'keyledger'],
  ['node', script, undefined, 'node dist/cli/main.js'],
  ['a script of somebody else', script, 'test', 'node dist/cli/main.js'],
])('called by %s, we are called again the same way', (_how, called, event, expected) => {
  expect(invocationOf(called, { npm_lifecycle_event: event }, here)).toBe(expected);
});
