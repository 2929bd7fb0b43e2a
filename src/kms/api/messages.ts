import type { RequestHeaders } from './headers.ts';
import type { Operation } from './operations.ts';

/** A request whose body has arrived whole. Nothing of it has been verified yet. */
export interface ApiRequest {
  /** Undefined when X-Amz-Target is absent or names nothing this API has. */
  readonly operation: Operation | undefined;
  /** The bytes as they came: they are what the signature covers. */
  readonly body: Buffer;
  readonly headers: RequestHeaders;
  readonly userAgent: string | undefined;
  /** W3C trace context, unparsed. */
  readonly traceparent: string | undefined;
  /** Address of the peer. */
  readonly ip: string | undefined;
  /** Random UUID; the answer's x-amzn-RequestId. */
  readonly requestId: string;
  /** Monotonic time, in microseconds, at which the headers had arrived. */
  readonly startUs: number;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: string | Buffer;
  /** The refusal's code, repeated in x-amzn-errortype. */
  readonly errorType?: string;
  /** Position of the event that recorded the call; the answer's x-keyledger-event. */
  readonly seq?: number;
}
