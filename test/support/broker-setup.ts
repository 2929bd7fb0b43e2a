import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startBroker, type Broker } from './broker.ts';

/**
 * For vitest's `globalSetup`: one broker for a whole run, started when the first test asks for it and never where none does.
 * The door is a port whose every visitor is told the addresses; `sharedBrokers` knocks.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  // Another project of the same run has opened the door.
  if (process.env[DOOR] !== undefined) return undefined;
  let broker: Promise<Broker> | undefined;
  const door = createServer((visitor) => {
    visitor.on('error', () => undefined);
    broker ??= startBroker();
    broker.then(
      ({ brokers }) => visitor.end(JSON.stringify({ brokers })),
      (error: unknown) => visitor.end(JSON.stringify({ error: String(error) })),
    );
  });
  await once(door.listen(0, '127.0.0.1'), 'listening');
  process.env[DOOR] = String((door.address() as AddressInfo).port);
  return async () => {
    Reflect.deleteProperty(process.env, DOOR);
    door.close();
    const started = await broker?.catch(() => undefined);
    await started?.stop();
  };
}

/** The port of the door, handed on to the workers. */
export const DOOR = 'KEYLEDGER_TEST_BROKER_DOOR';
