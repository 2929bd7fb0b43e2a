import { mkdirSync, writeFileSync } from 'node:fs';
import { schemaFiles } from './schema-files.ts';

// `npm run schemas`: run after a contract has changed; a test fails until the result is committed.
const directory = new URL('../../schemas/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [name, text] of schemaFiles()) writeFileSync(new URL(name, directory), text);
