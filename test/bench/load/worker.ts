import { cpuSecondsOf, machineBusySeconds, treeCpuSeconds } from '../proc.ts';
import { Connection, type Answer } from './connection.ts';
import { Histogram } from './histogram.ts';
import type { LoadMessage, LoadOrder, LoadReply, LoadResult } from './load.ts';
import { Requests, makeCiphertexts, type Ciphertext } from './requests.ts';

const MAX_SAMPLES = 5;
const SAMPLE_CHARS = 120;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const hrtimeUs = (): number => Number(process.hrtime.bigint() / 1000n);

interface Tally {
  measuring: boolean;
  stopped: boolean;
  readonly latency: Histogram;
  errors: number;
  readonly samples: Map<string, number>;
  readonly answers: [number, number][];
}

/** Keeps one connection busy until the tally is stopped. */
function drive(port: number, requests: Requests, tally: Tally, pace: Pace | undefined, trace: boolean): Connection {
  let sentAt = 0;
  let counted = false;
  let expected: Buffer = Buffer.alloc(0);
  let dueAt = pace?.firstDueAt ?? 0;

  const fail = (reason: string): void => {
    if (!tally.measuring) return;
    tally.errors += 1;
    const sample = reason.slice(0, SAMPLE_CHARS);
    if (tally.samples.size < MAX_SAMPLES || tally.samples.has(sample))
      tally.samples.set(sample, (tally.samples.get(sample) ?? 0) + 1);
  };
  const send = (): void => {
    const now = performance.now();
    const next = requests.next(now);
    expected = next.expected;
    counted = tally.measuring;
    // Against a rate a late request counts from when it was due: a server that stalls must not look quick.
    sentAt = pace === undefined ? now : dueAt;
    connection.send(next.request);
  };
  const answered = ({ status, seq, bytes, bodyAt }: Answer): void => {
    const now = performance.now();
    if (status !== 200 || bytes.indexOf(expected, bodyAt) === -1)
      fail(`${status} ${bytes.toString('latin1', bodyAt, bodyAt + SAMPLE_CHARS)}`);
    else if (counted && tally.measuring) {
      tally.latency.add((now - sentAt) * 1000);
      if (trace && seq !== undefined) tally.answers.push([seq, performance.timeOrigin + now]);
    }
    if (tally.stopped) return;
    if (pace === undefined) return send();
    dueAt += pace.gapMs;
    const wait = dueAt - performance.now();
    if (wait <= 0) send();
    else setTimeout(send, wait);
  };
  const connection = new Connection(port, answered, fail);
  if (pace === undefined) send();
  else setTimeout(send, Math.max(0, dueAt - performance.now()));
  return connection;
}

interface Pace {
  readonly gapMs: number;
  readonly firstDueAt: number;
}

async function measure(order: LoadOrder, server: Server, ciphertexts: readonly Ciphertext[]): Promise<LoadResult> {
  const { operation, clients, warmMs, measureMs, rate, signEach, trace = false } = order;
  const requests = new Requests(operation, server.port, ciphertexts, signEach);
  const tally: Tally = {
    measuring: false,
    stopped: false,
    latency: new Histogram(),
    errors: 0,
    samples: new Map(),
    answers: [],
  };
  const gapMs = rate === undefined ? 0 : (1000 * clients) / rate;
  const begin = performance.now();
  const connections = Array.from({ length: clients }, (_, at) =>
    drive(
      server.port,
      requests,
      tally,
      rate === undefined ? undefined : { gapMs, firstDueAt: begin + (gapMs * at) / clients },
      trace,
    ),
  );
  await sleep(warmMs);
  const used = (): readonly [number, number, number] => [
    treeCpuSeconds(server.pid),
    cpuSecondsOf(process.pid),
    machineBusySeconds(),
  ];
  const [server0, client0, machine0] = used();
  const signed0 = requests.signed;
  const fromUs = hrtimeUs();
  tally.measuring = true;
  await sleep(measureMs);
  tally.measuring = false;
  const toUs = hrtimeUs();
  const [server1, client1, machine1] = used();
  tally.stopped = true;
  await sleep(100);
  for (const connection of connections) connection.close();
  const serverCpuSeconds = server1 - server0;
  const clientCpuSeconds = client1 - client0;
  return {
    operations: tally.latency.count,
    seconds: (toUs - fromUs) / 1e6,
    p50Ms: tally.latency.quantileUs(0.5) / 1000,
    p99Ms: tally.latency.quantileUs(0.99) / 1000,
    maxMs: tally.latency.maxUs / 1000,
    errors: tally.errors,
    errorSamples: Object.fromEntries(tally.samples),
    serverCpuSeconds,
    clientCpuSeconds,
    otherCpuSeconds: Math.max(0, machine1 - machine0 - serverCpuSeconds - clientCpuSeconds),
    signatures: requests.signed - signed0,
    fromUs,
    toUs,
    answers: tally.answers,
  };
}

interface Server {
  readonly port: number;
  readonly pid: number;
}

let server: Server | undefined;
let ciphertexts: readonly Ciphertext[] = [];

async function serve(message: LoadMessage): Promise<LoadReply> {
  if (message.type === 'prepare') {
    server = { port: message.port, pid: message.serverPid };
    ciphertexts = await makeCiphertexts(message.port);
    return { type: 'prepared' };
  }
  if (server === undefined) throw new Error('Bug: a run before its preparation');
  return { type: 'result', result: await measure(message.order, server, ciphertexts) };
}

process.on('message', (message: LoadMessage) => {
  serve(message).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ type: 'failed', reason: String(error) } satisfies LoadReply),
  );
});
