import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOperation } from '../options.ts';

/** One measurement, asked of the load generator. */
export interface LoadOrder {
  readonly operation: BenchOperation;
  readonly clients: number;
  readonly warmMs: number;
  readonly measureMs: number;
  readonly signEach: boolean;
  /** Operations per second over all clients; without it each client sends as soon as it is answered. */
  readonly rate?: number;
  /** Ask for the seq and the moment of every answer. */
  readonly trace?: boolean;
}

export interface LoadResult {
  readonly operations: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
  readonly errorSamples: Readonly<Record<string, number>>;
  /** CPU of the measured process and its descendants, of this generator, and of everything else on the machine. */
  readonly serverCpuSeconds: number;
  readonly clientCpuSeconds: number;
  readonly otherCpuSeconds: number;
  readonly signatures: number;
  /** process.hrtime in microseconds, the clock of a CPU profile. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Pairs of seq and wall-clock milliseconds, where asked for. */
  readonly answers: readonly (readonly [seq: number, atMs: number])[];
}

export type LoadMessage =
  | { readonly type: 'prepare'; readonly port: number; readonly serverPid: number }
  | { readonly type: 'run'; readonly order: LoadOrder };
export type LoadReply =
  | { readonly type: 'prepared' }
  | { readonly type: 'result'; readonly result: LoadResult }
  | { readonly type: 'failed'; readonly reason: string };

/** The load generator, in a process of its own. */
export interface Load {
  run(order: LoadOrder): Promise<LoadResult>;
  close(): void;
}

/** Starts it and lets it make its ciphertexts. `serverPid` is the root of what is counted as the server. */
export async function startLoad(port: number, serverPid: number): Promise<Load> {
  const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), { stdio: 'inherit' });
  await ask(child, { type: 'prepare', port, serverPid });
  return {
    run: async (order) => {
      const reply = await ask(child, { type: 'run', order });
      if (reply.type !== 'result') throw new Error('Bug: the load generator answered something else');
      return reply.result;
    },
    close: () => void child.kill(),
  };
}

function ask(child: ChildProcess, message: LoadMessage): Promise<LoadReply> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('The load generator ended'));
    child.once('exit', ended);
    child.once('message', (reply: LoadReply) => {
      child.off('exit', ended);
      if (reply.type === 'failed') reject(new Error(reply.reason));
      else resolve(reply);
    });
    child.send(message);
  });
}
