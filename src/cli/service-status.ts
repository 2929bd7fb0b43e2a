import { z } from 'zod';
import { OperationalError } from '../base/index.ts';
import type { Config } from './doors.ts';

/** What `GET /api/status` of the console endpoint answers. Programs get all of it; people, what is named here. */
export const ServiceStatus = z.looseObject({
  version: z.string(),
  ready: z.boolean(),
  processes: z.record(z.string(), z.object({ state: z.string(), pid: z.number().optional(), restarts: z.number() })),
  journal: z.object({ head: z.number() }).optional(),
  /** `lag` is -1 when nobody knows. */
  consumers: z.array(z.looseObject({ group: z.string(), topic: z.string(), lag: z.number() })),
  endpoints: z.record(z.string(), z.string()),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;

const WITHIN_MS = 5_000;

/** An address that listens everywhere is reached here. */
const reachable = (host: string): string => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);
const origin = (host: string, port: number): string =>
  `http://${reachable(host).includes(':') ? `[${reachable(host)}]` : reachable(host)}:${port}`;

export const consoleOrigin = (config: Config): string => origin(config.host, config.consolePort);
export const apiOrigin = (config: Config): string => origin(config.host, config.apiPort);

/** @throws OperationalError SERVICE_UNREACHABLE, with what to do about it */
export async function readStatus(config: Config): Promise<ServiceStatus> {
  const url = `${consoleOrigin(config)}/api/status`;
  const unreachable = (why: string, cause?: unknown): OperationalError =>
    new OperationalError(
      'SERVICE_UNREACHABLE',
      `${why}. Start Keyledger with \`npm start\`, or set KEYLEDGER_CONSOLE_PORT.`,
      {
        retryable: true,
        cause,
      },
    );
  let body: unknown;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(WITHIN_MS) });
    body = await answer.json();
  } catch (cause) {
    throw unreachable(`Nothing that speaks Keyledger answers at ${url}`, cause);
  }
  const parsed = ServiceStatus.safeParse(body);
  if (!parsed.success) throw unreachable(`Something else than Keyledger answers at ${url}`);
  return parsed.data;
}
