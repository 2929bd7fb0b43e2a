import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Broker } from '../broker.ts';

const run = promisify(execFile);
const KAFKA_VERSION = '4.1.0';
const POM = join(import.meta.dirname, 'pom.xml');
const CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'keyledger-kafka');
const HEAP = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC'];
const ENDS_WITHIN_MS = 10_000;

export async function findJavaTools(): Promise<boolean> {
  const answers = (tool: string, flag: string): Promise<boolean> =>
    run(tool, [flag], { timeout: 20_000 }).then(
      () => true,
      () => false,
    );
  if (!(await answers('java', '-version'))) return false;
  return existsSync(join(CACHE, KAFKA_VERSION)) || answers('mvn', '-version');
}

/** The jars, once per checkout. Two processes may both fetch them; whoever is second finds the first one's and uses those. */
async function jars(): Promise<string> {
  const ready = join(CACHE, KAFKA_VERSION);
  if (existsSync(ready)) return ready;
  await mkdir(CACHE, { recursive: true });
  const mine = await mkdtemp(join(CACHE, 'fetching-'));
  await cp(POM, join(mine, 'pom.xml'));
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(mine, 'jars')}`];
  await run('mvn', ['-q', '-B', '-f', join(mine, 'pom.xml'), ...goal], { timeout: 300_000 });
  await rename(join(mine, 'jars'), ready).catch((error: unknown) => {
    if (!existsSync(ready)) throw error;
  });
  await rm(mine, { recursive: true, force: true });
  return ready;
}

/** A single broker and controller in one JVM, on loopback. It does not outlive this process. */
export async function startJavaBroker(
  untilReady: (brokers: string[], hasEnded: () => string | undefined) => Promise<void>,
): Promise<Broker> {
  const classes = join(await jars(), '*');
  const home = await mkdtemp(join(tmpdir(), 'keyledger-kafka-'));
  const [port, controllerPort] = await freePorts();
  const settings = join(home, 'server.properties');
  await writeFile(settings, properties(home, port, controllerPort));
  // A first byte below 0xf8 keeps the id from beginning with a hyphen, which the tool would take for an option of its own.
  const id = randomBytes(16);
  id[0] = (id[0] ?? 0) & 0x7f;
  const clusterId = id.toString('base64url');
  await run('java', [...HEAP, '-cp', classes, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings]);

  const brokers = [`127.0.0.1:${port}`];
  let jvm: Jvm | undefined;
  const start = async (): Promise<void> => {
    const started = (jvm = startJvm([...HEAP, '-cp', classes, 'kafka.Kafka', settings], home));
    await untilReady(brokers, started.hasEnded);
  };
  await start();
  return {
    brokers,
    owned: true,
    async stop() {
      await jvm?.end('SIGTERM');
      await rm(home, { recursive: true, force: true });
    },
    async kill() {
      await jvm?.end('SIGKILL');
    },
    restart: start,
    freeze: () => Promise.resolve(void jvm?.child.kill('SIGSTOP')),
    thaw: () => Promise.resolve(void jvm?.child.kill('SIGCONT')),
  };
}

interface Jvm {
  readonly child: ChildProcess;
  readonly hasEnded: () => string | undefined;
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
}

function startJvm(args: string[], cwd: string): Jvm {
  const child = spawn('java', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  const keepTail = (chunk: Buffer): void => void (tail = (tail + chunk.toString()).slice(-2000));
  child.stdout.on('data', keepTail);
  child.stderr.on('data', keepTail);
  // Its input closes when this process ends, however it ends; then the JVM ends too.
  const guard = spawn('sh', ['-c', `cat >/dev/null; kill -9 ${String(child.pid)}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  return {
    child,
    hasEnded: () => (child.exitCode === null && child.signalCode === null ? undefined : tail),
    async end(signal) {
      guard.kill('SIGKILL');
      child.kill('SIGCONT');
      child.kill(signal);
      const impatience = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(impatience);
    },
  };
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const [one, two] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [one!, two!];
}

const properties = (home: string, port: number, controllerPort: number): string => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(home, 'data')}
auto.create.topics.enable=false
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=1000
num.network.threads=2
num.io.threads=4
`;
