import { z } from 'zod';

/** `arn:partition:service:region:account:resource`. */
export const Arn = z
  .string()
  .max(2048)
  .regex(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:.+$/, 'not an ARN');
export const AccountId = z.string().regex(/^\d{12}$/, 'an account is twelve digits');
/** RFC 3339, UTC, microseconds. */
export const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'not UTC with microseconds');
/** Lower-case hex SHA-256. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in lower-case hex');
/** A duration in microseconds. */
export const Micros = z.int().min(0);
export const KeyId = z.string().min(1).max(128);
export const AliasName = z.string().min(1).max(256);
