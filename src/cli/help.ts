import type { Command } from './command.ts';

const INDENT = 14;

/** What somebody reads who has never met us. */
export const overview = (commands: readonly Command[], invocation: string): string =>
  `Keyledger is a key management service that speaks the AWS KMS API and keeps every call, allowed or refused, as evidence.

Usage: keyledger <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(INDENT - 2)}${summary}`).join('\n')}
  ${'help'.padEnd(INDENT - 2)}Explain a command: keyledger help sli

New here? Two terminals:
  1.  npm start
  2.  ${invocation} demo      (a minute: a small company, a stolen role, the alert)

Every command takes --json. Results go to stdout, talk to stderr.
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong setting, 9 the service does not answer, 10 not found; serve has more.`;
