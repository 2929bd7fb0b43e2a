export { systemClock, toIsoMicros, parseIsoMicros, type Clock } from './clock.ts';
export { uuidv4, uuidv7 } from './ids.ts';
export { canonicalJson, rememberCanonical, type Json } from './canonical-json.ts';
export { ERROR_CODES, OperationalError, assert, messageOf, type ErrorCode } from './errors.ts';
export { HmacSha256 } from './hmac.ts';
export { silentLog, type Closeable, type Log } from './closeable.ts';
