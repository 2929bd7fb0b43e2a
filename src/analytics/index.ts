export {
  startEmbeddedClickHouse,
  type ClickHouseExit,
  type ClickHouseServer,
  type EmbeddedClickHouseOptions,
} from './embedded/start.ts';
export { readUsers as readEmbeddedUsers, type ClickHouseUsers } from './embedded/users.ts';
export { DATABASE } from './database.ts';
export { openClickHouse, type ClickHouse, type ClickHouseOptions, type QueryParameters } from './client.ts';
export { dumpSchema, migrate, readMigrations, type Migration } from './migrations.ts';
export { toAlertRow, toFindingRow, toKeyEventRow, toKeyStateRow, type KeyEventRow } from './rows.ts';
export { keyEventsSink, type KeyEventsSinkOptions } from './sink.ts';
export { alertsSink, findingsSink, keyStateSink } from './table-sinks.ts';
export {
  queryLatency,
  querySuccessRate,
  queryThrottles,
  queryTotals,
  SLI_DIMENSIONS,
  type Latency,
  type SliDimension,
  type SliQuery,
  type SuccessRate,
  type Throttles,
  type Totals,
} from './sli.ts';
export { isWhole, queryAlerts, queryCoverage, queryFindings, type Coverage, type EvidenceQuery } from './evidence.ts';
