import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { OperationalError, messageOf, type Log } from '../base/index.ts';
import type { ProcessStatus } from '../console/index.ts';
import type { Config } from './config.ts';
import type { ChildName, Order, Report } from './protocol.ts';

const ASK_MS = 3_000;
const STOP_MS = 10_000;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** For one that had become ready: whatever ended it was not its start, and callers are waiting. */
const MAX_READY_BACKOFF_MS = 500;
/** A process that lived this long had started well: the next restart is prompt again. */
const STEADY_MS = 5_000;

/**
 * A call leaves some 10 KiB of short-lived objects: in a nursery of 32 MiB more of them are dead when it is swept, which takes
 * a twentieth off the API's CPU time per call, for about 30 MiB of memory.
 */
const API_FLAGS = ['--max-semi-space-size=32'];

/** A child process that is kept running: started again, ever more slowly, whenever it ends by itself. */
export class RoleProcess {
  readonly name: ChildName;
  readonly #config: () => Config;
  readonly #log: Log;
  /** Told about an end that no restart would mend. */
  readonly #onFatal: (error: OperationalError) => void;
  readonly #questions = new Map<number, (value: unknown) => void>();
  #child: ChildProcess | undefined;
  #state: ProcessStatus['state'] = 'starting';
  #restarts = 0;
  #failures = 0;
  #lastQuestion = 0;
  #port: number | undefined;
  #announce: ((port: number | undefined) => void) | undefined;

  constructor(name: ChildName, config: () => Config, log: Log, onFatal: (error: OperationalError) => void) {
    this.name = name;
    this.#config = config;
    this.#log = log;
    this.#onFatal = onFatal;
  }

  /** Resolves with the port, if the process has one, when it does its work. */
  start(): Promise<number | undefined> {
    const ready = new Promise<number | undefined>((resolve) => (this.#announce = resolve));
    this.#launch();
    return ready;
  }

  status(): ProcessStatus {
    const pid = this.#child?.pid;
    return { state: this.#state, ...(pid === undefined ? {} : { pid }), restarts: this.#restarts };
  }

  /** The child's answer; null while there is no child at work, when it ends, and when it does not answer in time. */
  ask(what: 'metrics' | 'status'): Promise<unknown> {
    if (this.#state !== 'ready') return Promise.resolve(null);
    const id = (this.#lastQuestion += 1);
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), ASK_MS);
      const settle = (value: unknown): void => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(value);
      };
      this.#questions.set(id, settle);
      if (!this.#send({ type: 'ask', id, what })) settle(null);
    });
  }

  /** Lets it finish what it has begun; kills it when that takes too long. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#send({ type: 'stop' });
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
  }

  #launch(): void {
    const startedMs = performance.now();
    const entry = fileURLToPath(
      new URL(import.meta.url.endsWith('.ts') ? './child-main.ts' : './child-main.js', import.meta.url),
    );
    const loader = import.meta.url.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
    const execArgv = [...loader, ...(this.name === 'api' ? API_FLAGS : [])];
    const child = fork(entry, [this.name], {
      execArgv,
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    let fatal: OperationalError | undefined;
    let wasReady = false;
    child.on('message', (report: Report) => {
      if (report.type === 'awake') this.#send({ type: 'start', config: this.#config() });
      else if (report.type === 'answer') this.#questions.get(report.id)?.(report.value);
      else if (report.type === 'fatal') fatal = new OperationalError(report.code, report.message);
      else {
        wasReady = true;
        this.#becomeReady(report.port);
      }
    });
    child.on('error', (error) => this.#log.error('process-error', { process: this.name, reason: messageOf(error) }));
    child.once('exit', (code, signal) => {
      for (const settle of this.#questions.values()) settle(null);
      if (this.#state === 'stopping') return;
      // Before the first readiness, or fenced: a restart would only say the same again.
      if (fatal !== undefined && (this.#announce !== undefined || fatal.code === 'JOURNAL_FENCED'))
        return this.#onFatal(fatal);
      this.#failures = performance.now() - startedMs > STEADY_MS ? 0 : this.#failures + 1;
      const most = wasReady ? MAX_READY_BACKOFF_MS : MAX_BACKOFF_MS;
      const waitMs = Math.min(most, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures, 10));
      this.#log.warn('process-ended', {
        process: this.name,
        code,
        signal,
        restartInMs: waitMs,
        reason: fatal?.message,
      });
      this.#state = 'restarting';
      this.#restarts += 1;
      setTimeout(() => {
        if (this.#state !== 'stopping') this.#launch();
      }, waitMs);
    });
  }

  #becomeReady(port: number | undefined): void {
    if (this.#state !== 'stopping') this.#state = 'ready';
    this.#port = port ?? this.#port;
    this.#announce?.(this.#port);
    this.#announce = undefined;
  }

  #send(order: Order): boolean {
    const child = this.#child;
    if (child?.connected !== true) return false;
    child.send(order, () => undefined);
    return true;
  }
}
