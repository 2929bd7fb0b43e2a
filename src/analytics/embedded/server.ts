/**
 * The embedded ClickHouse: a process of its own, started by `start.ts`, that lends its threads to `clickhouse local` inside libchdb
 * and serves ClickHouse's HTTP interface. It lives exactly as long as its standard input is open, so it cannot outlive
 * the process that holds the other end, however that one ended.
 *
 * Arguments: path of config.xml, data path, HTTP port.
 */
import { createRequire } from 'node:module';

const LIBRARY = 'chdb';
/** Longer than any machine stays up: the query that keeps the local session, and with it the listener, alive. */
const FOREVER_US = '10000000000000000';

/** Clean exit hangs inside the library (its threads wait for each other); everything acknowledged is on disk already. */
const end = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

process.stdin.on('end', end).on('close', end).on('error', end).resume();
// The parent decides when: a Ctrl-C reaches the whole group, and writers still have batches to finish.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined);

const [configFile = '', dataPath = '', port = ''] = process.argv.slice(2);

/** What is used of ffi-rs. Not imported, so that sources compile where the optional packages are left out. */
interface Ffi {
  open: (library: { library: string; path: string }) => void;
  load: (call: {
    library: string;
    funcName: string;
    retType: number;
    paramsType: readonly number[];
    paramsValue: readonly unknown[];
    runInNewThread: true;
  }) => Promise<unknown>;
}
/** Its DataType. */
const INT32 = 1;
const STRING_ARRAY = 4;
const POINTER = 11;

const require = createRequire(import.meta.url);
const { libchdbPath } = require('chdb/libchdb') as { libchdbPath: () => string };
const { open, load } = require('ffi-rs') as Ffi;

open({ library: LIBRARY, path: libchdbPath() });
const argv = [
  'clickhouse',
  `--path=${dataPath}`,
  `--config-file=${configFile}`,
  '--listen_host=127.0.0.1',
  `--http_port=${port}`,
  // Not --output-format=Null: that would become the default format of every HTTP query too.
  `--query=SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3) FROM numbers(1000000000) ` +
    `SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=${FOREVER_US} FORMAT Null`,
];
// On a thread of its own, so that this one keeps watching standard input. It returns only when the server could not start.
await load({
  library: LIBRARY,
  funcName: 'chdb_query_cmdline',
  retType: POINTER,
  paramsType: [INT32, STRING_ARRAY],
  paramsValue: [argv.length, argv],
  runInNewThread: true,
});
end();
