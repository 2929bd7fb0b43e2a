import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { DOOR } from './broker-setup.ts';

/** Addresses of the run's one broker, started now if nobody asked before. Its topics are shared: use a prefix of your own. */
export async function sharedBrokers(): Promise<string[]> {
  const port = process.env[DOOR];
  if (port === undefined)
    throw new Error('No broker for this run: test/support/broker-setup.ts is not its globalSetup');
  const answer = JSON.parse(await text(createConnection(Number(port), '127.0.0.1'))) as unknown;
  if (typeof answer === 'object' && answer !== null && 'brokers' in answer) return answer.brokers as string[];
  throw new Error(`No broker for this run: ${JSON.stringify(answer)}`);
}

let prefixes = 0;

/** A prefix that no other test of this run, or of a run before on the same broker, has used. */
export const ownPrefix = (): string => `t${Date.now().toString(36)}-${process.pid}-${(prefixes += 1)}-`;
