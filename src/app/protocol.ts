import { z } from 'zod';
import type { ErrorCode } from '../base/index.ts';

/** What a child process is. */
export const CHILDREN = ['api', 'pipeline'] as const;
export type ChildName = (typeof CHILDREN)[number];

/** From the supervisor to a child. */
export type Order =
  | { readonly type: 'start'; readonly config: unknown }
  | { readonly type: 'ask'; readonly id: number; readonly what: 'metrics' | 'status' }
  | { readonly type: 'stop' };

/** From a child to the supervisor. */
export type Report =
  | { readonly type: 'awake' }
  | { readonly type: 'ready'; readonly port?: number }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'fatal'; readonly code: ErrorCode; readonly message: string };

/** One consumer's place, as `keyledger status` shows it. */
export const ConsumerStatus = z.object({
  group: z.string(),
  topic: z.string(),
  lag: z.number(),
  messages: z.number(),
  deadLetters: z.number(),
  outages: z.number(),
});

export const PipelineStatus = z.object({
  consumers: z.array(ConsumerStatus),
  relay: z.object({ position: z.number(), backlog: z.number() }).optional(),
  ledger: z.object({ size: z.number(), vkey: z.string(), failure: z.string().exactOptional() }).optional(),
});
export type PipelineStatus = z.infer<typeof PipelineStatus>;

export const ApiStatus = z.object({ head: z.number(), queue: z.number() });
export type ApiStatus = z.infer<typeof ApiStatus>;
