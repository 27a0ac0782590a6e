/** Who may import whom; the table is in CONTRIBUTING.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|commands|sandbox|test)/', pathNot: allowed },
});
const reserved = (name, packages, home) => ({
  name,
  severity: 'error',
  from: { path: '^(src|commands|sandbox)/', pathNot: home },
  to: { path: packages.map((p) => `node_modules/${p}/`) },
});

module.exports = {
  forbidden: [
    {
      name: 'no-value-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('domain', '^src/domain/', '^src/domain/'),
    {
      name: 'domain-is-pure',
      comment: 'No I/O, clock or random: of packages only those listed here.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'],
        pathNot: ['node_modules/(luxon|@types/luxon)/', '^(node:)?crypto$'],
      },
    },
    only('store', '^src/store/', '^src/(store|domain)/|^src/(errors|log|version)\\.ts$'),
    only('app', '^src/app/', '^src/(app|domain|store)/|^src/(errors|log)\\.ts$'),
    only('databases', '^src/databases/', '^src/(databases|domain)/|^src/(errors|log)\\.ts$'),
    only('runbooks', '^src/runbooks/', '^src/(runbooks|domain|databases)/|^src/(errors|log|yaml)\\.ts$'),
    only('monitors', '^src/monitors/', '^src/(monitors|domain|databases)/|^src/(errors|log)\\.ts$'),
    only('alerts', '^src/alerts/', '^src/(alerts|domain|databases)/|^src/(errors|log)\\.ts$'),
    only('views', '^src/slack/views/', '^src/(slack/views|domain)/'),
    only('slack', '^src/slack/', '^src/(slack|domain|app|store)/|^src/(errors|log)\\.ts$'),
    only(
      'jobs',
      '^src/jobs/',
      '^src/(jobs|domain|app|store|runbooks|monitors)/|^src/slack/perform\\.ts$|^src/(errors|log)\\.ts$',
    ),
    only('commands', '^commands/', '^commands/|^src/(domain|slack/views)/|^src/app/'),
    only('sandbox', '^sandbox/', '^sandbox/'),
    reserved('pg-home', ['pg', '@types/pg'], '^src/(store|databases)/|^sandbox/story/'),
    reserved('slack-home', ['@slack'], '^src/slack/'),
    reserved('cron-home', ['node-cron'], '^src/jobs/'),
    {
      name: 'roots-are-leaves',
      severity: 'error',
      from: { pathNot: '^src/(cli/|main\\.ts)|^test/|^bench/' },
      to: { path: '^src/(cli/|main\\.ts|config\\.ts)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
