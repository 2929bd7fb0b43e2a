import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const PRODUCE_API_KEY = 0;
const SIZE_BYTES = 4;

/** A TCP proxy before one broker that understands just enough of its protocol to lose a chosen answer. */
export interface KafkaProxy {
  /** For `openKafkaLog`: every connection goes through here, whatever address the broker advertises. */
  readonly connect: () => Socket;
  /** The broker takes the next produce request; its answer never arrives, and the connection breaks. */
  loseProduceResponse(): void;
  /** Produce answers that were lost. */
  lost(): number;
  /** Connections stay open and carry nothing, until `flow`. */
  stall(): void;
  flow(): void;
  close(): Promise<void>;
}

export async function startKafkaProxy(broker: string): Promise<KafkaProxy> {
  const [host, port] = broker.split(':');
  const sockets = new Set<Socket>();
  let loseNext = false;
  let lost = 0;
  let stalled = false;

  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    const condemned = new Set<number>();
    const both = [client, upstream];
    const destroy = (): void => both.forEach((socket) => socket.destroy());
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', destroy);
      socket.on('close', () => {
        sockets.delete(socket);
        destroy();
      });
    }
    client.on(
      'data',
      frames((frame) => {
        // Header of a request: api key, api version, correlation id.
        if (loseNext && frame.readInt16BE(SIZE_BYTES) === PRODUCE_API_KEY) {
          loseNext = false;
          condemned.add(frame.readInt32BE(SIZE_BYTES + 4));
        }
        if (!stalled) upstream.write(frame);
      }),
    );
    upstream.on(
      'data',
      frames((frame) => {
        if (condemned.has(frame.readInt32BE(SIZE_BYTES))) {
          lost += 1;
          destroy();
        } else if (!stalled) client.write(frame);
      }),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const own = (server.address() as AddressInfo).port;
  return {
    connect: () => connect(own, '127.0.0.1'),
    loseProduceResponse: () => void (loseNext = true),
    lost: () => lost,
    stall: () => void (stalled = true),
    flow: () => void (stalled = false),
    async close() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

/** Collects bytes into whole frames, each with its size in front. */
function frames(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= SIZE_BYTES && held.length >= SIZE_BYTES + held.readInt32BE(0)) {
      const size = SIZE_BYTES + held.readInt32BE(0);
      const frame = held.subarray(0, size);
      held = held.subarray(size);
      onFrame(frame);
    }
  };
}
