import { EXIT } from '../app/exit-codes.ts';
import { VERSION } from '../app/version.ts';
import { parseWords, type Command } from './command.ts';

export const version: Command = {
  name: 'version',
  summary: 'Print the version',
  help: `Usage: keyledger version [--json]

Prints the version of Keyledger, and with --json that of Node.js too.`,
  run(words, { terminal }) {
    parseWords(words, {});
    if (terminal.json) terminal.document({ keyledger: VERSION, node: process.versions.node });
    else terminal.out(VERSION);
    return Promise.resolve(EXIT.ok);
  },
};
