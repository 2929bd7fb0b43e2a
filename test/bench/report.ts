import type { ApiFigures } from './api.ts';
import type { DelayFigures } from './delay.ts';
import type { Machine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import type { ProfileFigures } from './profile.ts';
import type { StageRow } from './stages/measure.ts';
import type { StartRow } from './start.ts';

/** Everything that one run found out; what was not measured is absent. */
export interface Figures {
  readonly machine: Machine;
  readonly options: BenchOptions;
  readonly api?: ApiFigures;
  readonly delay?: DelayFigures;
  readonly stages?: readonly StageRow[];
  readonly start?: readonly StartRow[];
  readonly profile?: ProfileFigures;
}

export interface Table {
  readonly title: string;
  readonly heads: readonly string[];
  /** Text left, numbers right. */
  readonly rows: readonly (readonly (string | number)[])[];
}

const round = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export function tablesOf({ api, delay, stages, start, profile }: Figures): readonly Table[] {
  return [
    ...(api === undefined ? [] : [apiTable(api), memoryTable(api)]),
    ...(delay === undefined ? [] : [delayTable(delay)]),
    ...(stages === undefined ? [] : [stageTable(stages)]),
    ...(start === undefined ? [] : [startTable(start)]),
    ...(profile === undefined ? [] : profileTables(profile)),
  ];
}

const apiTable = ({ rows }: ApiFigures): Table => ({
  title: 'KMS API: every answer after its commit is synced',
  heads: [
    'running',
    'operation',
    'clients',
    'op/s',
    'op per CPU s',
    'P50 ms',
    'P99 ms',
    'errors',
    'client cores',
    'other cores',
  ],
  rows: rows.map((row) => [
    row.roles === 'api' ? 'API only' : 'everything',
    row.operation,
    row.clients,
    round(row.perSecond),
    round(row.perServerCpuSecond),
    round(row.p50Ms),
    round(row.p99Ms),
    row.errors,
    row.clientCores.toFixed(2),
    row.otherCores.toFixed(2),
  ]),
});

const memoryTable = ({ memory }: ApiFigures): Table => ({
  title: 'Memory after these measurements',
  heads: ['running', 'process', 'RSS MiB', 'of it own', 'peak MiB'],
  rows: memory.map(({ roles, process, rssMib, ownMib, peakMib }) => [
    roles === 'api' ? 'API only' : 'everything',
    process,
    Math.round(rssMib),
    Math.round(ownMib),
    Math.round(peakMib),
  ]),
});

const delayTable = ({ ratePerSecond, events, missing, p50Ms, p99Ms, maxMs }: DelayFigures): Table => ({
  title: 'From the answer to a visible row in ClickHouse',
  heads: ['op/s', 'events', 'missing', 'P50 ms', 'P99 ms', 'max ms'],
  rows: [[ratePerSecond, events, missing, round(p50Ms), round(p99Ms), round(maxMs)]],
});

const stageTable = (rows: readonly StageRow[]): Table => ({
  title: 'Stages, each alone',
  heads: ['stage', 'of', 'count', 'per second', 'per CPU second'],
  rows: rows.map(({ stage, unit, count, perSecond, perCpuSecond }) => [
    stage,
    unit,
    count,
    round(perSecond),
    round(perCpuSecond),
  ]),
});

const startTable = (rows: readonly StartRow[]): Table => ({
  title: 'Start',
  heads: ['running', 'data directory', 'first answer ms', 'all ready ms'],
  rows: rows.map(({ roles, data, firstAnswerMs, readyMs }) => [
    roles === 'api' ? 'API only' : 'everything',
    data,
    round(firstAnswerMs),
    round(readyMs),
  ]),
});

function profileTables({
  operation,
  clients,
  perSecond,
  cpuUsPerOperation,
  rooms,
  functions,
  idle,
}: ProfileFigures): Table[] {
  const about = `${operation}, ${clients} clients, ${Math.round(perSecond)} op/s under the profiler, main thread idle ${percent(idle)}`;
  return [
    {
      title: `Where the API process spends its time: ${about}`,
      heads: ['room', 'share', 'CPU µs per operation'],
      rows: rooms.map(({ room, share }) => [room, percent(share), round(share * cpuUsPerOperation)]),
    },
    {
      title: 'Functions, by the time in themselves',
      heads: ['function', 'where', 'share'],
      rows: functions.map(({ name, where, share }) => [name, where, percent(share)]),
    },
  ];
}

const show = (cell: string | number): string => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell);
const isRight = ({ rows }: Table, column: number): boolean =>
  rows.every((row) => typeof row[column] === 'number' || /^[\d.]+( %)?$/.test(String(row[column])));

/** For a terminal. */
export function textOf(table: Table): string {
  const cells = [table.heads, ...table.rows.map((row) => row.map(show))];
  const widths = table.heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (isRight(table, column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return `${table.title}\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

/** For docs/benchmarks.md. */
export function markdownOf(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = table.heads.map((_, column) => (isRight(table, column) ? '---:' : '---'));
  return [
    `### ${table.title}`,
    '',
    line(table.heads),
    line(rule),
    ...table.rows.map((row) => line(row.map(show))),
  ].join('\n');
}
