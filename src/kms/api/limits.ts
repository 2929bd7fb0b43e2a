/** What one API process will hold for strangers: everything here is before anybody has proved who they are. */
export interface ApiLimits {
  /** AWS's own limit on a KMS request. */
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** From the first byte (or the connection) to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte to the end of the body. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be idle between requests. */
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** Requests whose answer is being made; one connection may pipeline many. */
  readonly maxInFlight: number;
  /** Bodies of all requests together. */
  readonly maxBufferedBytes: number;
  /** How long `drain` waits for answers before it cuts the connections. */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  maxBodyBytes: 256 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  keepAliveTimeoutMs: 65_000,
  maxConnections: 1024,
  maxInFlight: 4096,
  maxBufferedBytes: 64 * 1024 * 1024,
  drainMs: 8_000,
};
