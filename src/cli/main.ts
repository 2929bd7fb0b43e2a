#!/usr/bin/env node
import { invocationOf } from './invocation.ts';
import { run } from './run.ts';

// Whatever a command or a process that it starts writes is the owner's alone, also in a directory that others may enter.
process.umask(0o077);

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  invocation: invocationOf(process.argv[1], process.env, process.cwd()),
  doors: {
    // Loaded when entered: `help` and `status` need no database.
    serve: async (config, options) => (await import('../app/index.ts')).serve(config, options),
    openOperator: async (config) => (await import('../app/index.ts')).openOperator(config),
    openSre: async (config) => (await import('../app/index.ts')).openSre(config),
  },
  onSignal: (stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  },
});
