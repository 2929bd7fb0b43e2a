import type { ErrorCode } from '../base/index.ts';

/** Exit codes of every command; docs/errors.md lists them. They are a contract: never renumbered. */
export const EXIT = {
  ok: 0,
  /** Something went wrong that no other code names. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  config: 3,
  dataDirectory: 4,
  inUse: 5,
  port: 6,
  rootKey: 7,
  /** A commit failed: outcome unknown, nothing more was answered. */
  fenced: 8,
  unreachable: 9,
  notFound: 10,
} as const;

const BY_ERROR: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: EXIT.config,
  DATA_DIRECTORY_UNUSABLE: EXIT.dataDirectory,
  DATA_FORMAT_UNKNOWN: EXIT.dataDirectory,
  DATA_DIRECTORY_IN_USE: EXIT.inUse,
  PORT_IN_USE: EXIT.port,
  ROOT_KEY_UNUSABLE: EXIT.rootKey,
  JOURNAL_FENCED: EXIT.fenced,
  SERVICE_UNREACHABLE: EXIT.unreachable,
  CLICKHOUSE_UNAVAILABLE: EXIT.unreachable,
  KAFKA_UNAVAILABLE: EXIT.unreachable,
  NOT_FOUND: EXIT.notFound,
};

export const exitCodeOf = (code: ErrorCode): number => BY_ERROR[code] ?? EXIT.failure;
