import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  messageOf,
  OperationalError,
  systemClock,
  uuidv4,
  type Clock,
  type Closeable,
  type Log,
} from '../../base/index.ts';
import { readHeaders } from './headers.ts';
import { DEFAULT_LIMITS, type ApiLimits } from './limits.ts';
import type { ApiRequest, ApiResponse } from './messages.ts';
import { operationOfTarget } from './operations.ts';
import { readBody, type Budget } from './read-body.ts';
import { refusalResponse, refuse } from './refusals.ts';
import { respond } from './respond.ts';

export interface ApiServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: Partial<ApiLimits>;
  /** Answers a request whose body has arrived. A rejection is answered as KMSInternalException and says nothing more. */
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface ApiServer extends Closeable {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, lets answers in the making leave, and cuts what is left after `drainMs`. */
  drain(): Promise<void>;
}

const INTERNAL = refusalResponse(refuse('KMSInternalException'));
const TOO_LARGE = refusalResponse(refuse('RequestEntityTooLargeException'));
const BUSY = refusalResponse(refuse('ThrottlingException'));
const NOT_HERE = { ...refusalResponse(refuse('UnknownOperationException')), status: 404 };
const NOT_POST = { ...refusalResponse(refuse('UnknownOperationException')), status: 405 };
const TOO_MANY_HEADERS = { ...refusalResponse(refuse('ValidationException', 'Too many headers.')), status: 431 };

/** How long a server that is about to close still takes what was sent before its caller could know; all answers end their connection. */
const ARRIVAL_MS = 250;
/** Often enough for a timeout to mean what it says. */
const TIMEOUT_CHECK_MS = 1000;
const MAX_USER_AGENT_CHARS = 512;
const MAX_TRACEPARENT_CHARS = 64;
const V4_MAPPED = '::ffff:';

/**
 * Listens for the KMS API: `POST /` with the operation in X-Amz-Target, and nothing else. Knows HTTP and its abuses, not
 * keys or callers.
 *
 * @throws OperationalError PORT_IN_USE; CONFIG_INVALID for an address that cannot be listened on.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { handle, log } = options;
  const clock = options.clock ?? systemClock;
  const limits: ApiLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const budget: Budget = { maxBytes: limits.maxBufferedBytes, usedBytes: 0 };
  /** Connections that have not sent a whole request head: Node counts them as busy, `drain` does not. */
  const silent = new Set<Socket>();
  let inFlight = 0;
  let draining = false;

  const answerOf = async (request: ApiRequest): Promise<ApiResponse> => {
    if (inFlight >= limits.maxInFlight) return BUSY;
    inFlight += 1;
    try {
      return await handle(request);
    } catch (thrown) {
      log.error('api-request-failed', {
        requestId: request.requestId,
        operation: request.operation,
        ...safely(thrown),
      });
      return INTERNAL;
    } finally {
      inFlight -= 1;
    }
  };

  const receive = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    silent.delete(incoming.socket);
    const startUs = clock.monotonicUs();
    const requestId = uuidv4();
    const refusal = refusalOfHead(incoming, limits);
    if (refusal !== undefined) {
      respond(outgoing, refusal, requestId, true);
      return;
    }
    readBody(incoming, limits.maxBodyBytes, budget, (body) => {
      if (body === 'cut-off') return;
      if (body === 'too-large') respond(outgoing, TOO_LARGE, requestId, true);
      else if (body === 'too-much-at-once') respond(outgoing, BUSY, requestId, true);
      else {
        void answerOf(toApiRequest(incoming, body, requestId, startUs)).then((answer) => {
          budget.usedBytes -= body.length;
          respond(outgoing, answer, requestId, draining);
        });
      }
    });
  };

  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      noDelay: true,
    },
    receive,
  );
  // Node's own limit drops what is beyond it in silence; here more than `maxHeaders` is refused.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.on('close', () => silent.delete(socket));
  });
  const port = await listen(server, options);
  // Out of descriptors, for one: those who are connected are still served.
  server.on('error', (thrown) => log.error('api-accept-failed', { error: messageOf(thrown) }));
  log.info('api-listening', { host: options.host, port });

  let drained: Promise<void> | undefined;
  const drain = (): Promise<void> => {
    drained ??= new Promise((resolve) => {
      draining = true;
      const cut = setTimeout(() => {
        log.warn('api-drain-cut', { inFlight });
        server.closeAllConnections();
      }, limits.drainMs);
      const close = (): void => {
        server.close(() => {
          clearTimeout(cut);
          log.info('api-drained');
          resolve();
        });
        for (const socket of silent) socket.destroy();
      };
      // What has reached this machine and not yet this thread would be reset: it is given the time to arrive.
      setTimeout(close, ARRIVAL_MS);
    });
    return drained;
  };
  return { host: options.host, port, drain, close: drain };
}

function refusalOfHead({ method, url, rawHeaders }: IncomingMessage, limits: ApiLimits): ApiResponse | undefined {
  // A query is not ours either, so that a presigned URL finds nobody.
  if (url !== '/') return NOT_HERE;
  if (method !== 'POST') return NOT_POST;
  return rawHeaders.length > 2 * limits.maxHeaders ? TOO_MANY_HEADERS : undefined;
}

function toApiRequest(incoming: IncomingMessage, body: Buffer, requestId: string, startUs: number): ApiRequest {
  const headers = readHeaders(incoming.rawHeaders);
  const traceparent = headers.get('traceparent');
  const ip = incoming.socket.remoteAddress;
  return {
    operation: operationOfTarget(headers.get('x-amz-target') ?? ''),
    body,
    headers,
    userAgent: headers.get('user-agent')?.slice(0, MAX_USER_AGENT_CHARS),
    traceparent: traceparent !== undefined && traceparent.length <= MAX_TRACEPARENT_CHARS ? traceparent : undefined,
    ip: ip?.startsWith(V4_MAPPED) === true ? ip.slice(V4_MAPPED.length) : ip,
    requestId,
    startUs,
  };
}

/** What may be logged of something thrown: the message of a bug may quote what it choked on, its frames do not. */
function safely(thrown: unknown): Readonly<Record<string, unknown>> {
  if (thrown instanceof OperationalError) return { code: thrown.code, error: messageOf(thrown) };
  if (!(thrown instanceof Error)) return { error: 'not an Error' };
  const frames = (thrown.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { error: thrown.name, frames: frames.slice(0, 8).map((line) => line.trim()) };
}

function listen(server: Server, { host, port }: ApiServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${host}:${port}`;
      reject(
        cause.code === 'EADDRINUSE'
          ? new OperationalError(
              'PORT_IN_USE',
              `${where} is taken: free it, or set KEYLEDGER_API_PORT to another port`,
              { cause },
            )
          : new OperationalError(
              'CONFIG_INVALID',
              `The API cannot listen on ${where} (${cause.code ?? 'unknown'}): correct KEYLEDGER_API_PORT`,
              { cause },
            ),
      );
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
