/** Which way imports may point. A new arrow is a decision record. */
const arrows = {
  base: [],
  events: ['base'],
  'kms/domain': ['base', 'events'],
  'kms/policy': ['base', 'events'],
  projections: ['base', 'events'],
  detect: ['base', 'events'],
  'kms/crypto': ['base'],
  journal: ['base', 'events'],
  'kms/keystore': ['base', 'events', 'journal', 'kms/crypto'],
  kms: ['base', 'events', 'journal', 'kms/domain', 'kms/policy', 'kms/crypto', 'kms/keystore', 'kms/api'],
  'kms/api': ['base', 'events'],
  ledger: ['base', 'events'],
  stream: ['base', 'events'],
  analytics: ['base', 'events', 'stream'],
  drift: ['base', 'events', 'kms/policy', 'stream'],
  alerts: ['base', 'events', 'stream'],
  compliance: ['base', 'events', 'ledger', 'analytics'],
  console: ['base', 'events', 'ledger', 'analytics'],
};
const rooms = Object.keys(arrows);
const pathOf = (room) => (room === 'kms' ? '^src/kms/(operations/)?[^/]+\\.ts$' : `^src/${room}/`);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...rooms.map((room) => ({
      name: `${room.replace('/', '-')}-imports-point-one-way`,
      severity: 'error',
      from: { path: pathOf(room) },
      to: {
        path: '^src/',
        pathNot: [pathOf(room), ...arrows[room].map((to) => (to === 'kms' ? pathOf('kms') : `^src/${to}/index\\.ts$`))],
      },
    })),
    {
      name: 'one-door-per-room',
      comment: 'app and cli enter a room by its index.ts',
      severity: 'error',
      from: { path: '^src/(app|cli)/' },
      to: { path: '^src/', pathNot: ['^src/(app|cli)/', '^src/.*/index\\.ts$'] },
    },
    { name: 'app-does-not-know-cli', severity: 'error', from: { path: '^src/app/' }, to: { path: '^src/cli/' } },
    {
      name: 'kafkajs-has-one-home',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/stream/kafka' },
      to: { path: 'node_modules/kafkajs' },
    },
    {
      name: 'clickhouse-has-one-home',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/analytics/' },
      to: { path: 'node_modules/@clickhouse' },
    },
    {
      name: 'pino-has-one-home',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/' },
      to: { path: 'node_modules/pino/' },
    },
    {
      name: 'pure-rooms-do-no-io',
      severity: 'error',
      from: { path: '^src/(events|kms/domain|kms/policy|projections|detect)/', pathNot: '^src/events/write-schemas' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
