/** What was opened and must be closed. Closing twice is closing once. */
export interface Closeable {
  close(): Promise<void>;
}

/** A log line is an event name and fields. `app/log.ts` supplies the real one. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing: for tests and for pure use. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
