/** Every code an operator can meet, with what to do next. `docs/errors.md` is compared with this table by a test. */
export const ERROR_CODES = {
  CONFIG_INVALID: 'A setting is wrong. The message names each one; correct them and start again.',
  DATA_DIRECTORY_UNUSABLE: 'The data directory cannot be created, read or written. Give the service user access to it.',
  DATA_DIRECTORY_IN_USE: 'Another Keyledger runs on this data directory. Stop it, or choose another KEYLEDGER_DATA.',
  DATA_FORMAT_UNKNOWN: 'The data was written by a newer Keyledger. Start that version; nothing was changed.',
  PORT_IN_USE: 'A port is taken. Stop what listens there, or choose another port; the message names both.',
  JOURNAL_FENCED: 'A commit failed and its outcome is unknown. The process stops; check the disk, then start again.',
  ROOT_KEY_UNUSABLE: 'The root key file is missing, readable by others, or not the one that sealed this data.',
  KEY_MATERIAL_CORRUPT: 'A wrapped key failed authentication. Restore the data directory from a backup.',
  KAFKA_UNAVAILABLE: 'The broker does not answer. Events wait in the journal; check KAFKA_BROKERS and the broker.',
  CLICKHOUSE_UNAVAILABLE: 'ClickHouse does not answer. Events wait in the log; check CLICKHOUSE_URL and the server.',
  CLICKHOUSE_REJECTED: 'ClickHouse refused a statement. The message has its reason; check the schema and the grants.',
  SCHEMA_EDITED:
    'A migration that was already applied to ClickHouse has been edited. Restore the file; put changes into a new one.',
  EMBEDDED_CLICKHOUSE_MISSING:
    'The optional packages chdb and ffi-rs are not installed. Install them or set CLICKHOUSE_URL.',
  KAFKA_REJECTED:
    'Kafka refused a request. The message has its reason; check the credentials, the access rights and the topic.',
  STREAM_UNAVAILABLE:
    'The embedded stream cannot be written. Nothing was acknowledged; check the disk, then start again.',
  STREAM_GAP: 'A consumer met a sequence number that does not follow. It waits for the relay to repair the topic.',
  RELAY_AHEAD_OF_JOURNAL:
    'More was published than the journal holds: the journal was restored from an older copy. Investigate before publishing.',
  SINK_UNAVAILABLE: 'An alert receiver does not answer. Alerts wait in their log and are sent again.',
  LEDGER_INCONSISTENT:
    'The ledger on disk does not agree with what was last signed. Do not delete anything; investigate.',
  LEDGER_KEY_UNUSABLE:
    'The signing key of the ledger is unreadable, open to others or malformed. Restore the file; a new key is a new log.',
  LEDGER_UNWRITABLE: 'The ledger cannot be written. Events wait in the journal; check the disk, then start again.',
  SERVICE_UNREACHABLE: 'No Keyledger answers there. Start it with `npm start`, or correct the endpoint.',
  NOT_FOUND: 'What was asked for does not exist.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * Something outside the program went wrong: a disk, a broker, a setting. Refusals are values and events; bugs are
 * thrown as plain errors and end the process.
 */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  readonly code: ErrorCode;
  /** True when the same attempt may succeed later without anybody's help. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** States what must hold here; a failure is a bug. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (condition === undefined || condition === null || condition === false) throw new Error(`Bug: ${claim}`);
}

/** The message of anything thrown, for a log line; of several (a host with two addresses, both refusing), each one's. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.message !== '') return thrown.message;
  return thrown instanceof AggregateError ? thrown.errors.map(messageOf).join('; ') : thrown.name;
}
