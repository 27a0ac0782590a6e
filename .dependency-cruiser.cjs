/** Who may import whom; the table is in CONTRIBUTING.md. */
/** What everybody but the domain may use. */
const BASE = '^src/(errors|log|closing|http-answers|load-folder|near|outbound|version|yaml)\\.ts$';
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
    only('store', '^src/store/', '^src/(store|domain)/|' + BASE),
    only('app', '^src/app/', '^src/(app|domain|store)/|' + BASE),
    only('databases', '^src/databases/', '^src/(databases|domain)/|' + BASE),
    only('capture', '^src/capture/', '^src/(capture|databases|domain)/|' + BASE),
    {
      name: 'capture-loads-code',
      comment: "The bot never loads a project's code.",
      severity: 'error',
      from: { pathNot: '^src/(capture|cli)/|^test/' },
      to: { path: '^src/capture/' },
    },
    only('guard', '^src/guard/', '^src/(guard|databases|domain)/|' + BASE),
    only('runbooks', '^src/runbooks/', '^src/(runbooks|domain|databases)/|' + BASE),
    only('monitors', '^src/monitors/', '^src/(monitors|domain|databases)/|' + BASE),
    only('alerts', '^src/alerts/', '^src/(alerts|domain|databases)/|' + BASE),
    only('paging', '^src/paging/', '^src/(paging|domain)/|' + BASE),
    only('trackers', '^src/trackers/', '^src/(trackers|domain)/|' + BASE),
    only('views', '^src/slack/views/', '^src/(slack/views|domain)/'),
    only('slack', '^src/slack/', '^src/(slack|domain|app|store)/|' + BASE),
    only(
      'jobs',
      '^src/jobs/',
      '^src/(jobs|domain|app|store|runbooks|monitors)/|^src/slack/perform\\.ts$|' + BASE,
    ),
    only(
      'doctor',
      '^src/doctor/',
      '^src/(doctor|domain|app|store|databases|runbooks|paging|slack|monitors)/|' + BASE,
    ),
    {
      name: 'doctor-is-a-leaf',
      severity: 'error',
      from: { pathNot: '^src/(doctor|cli)/|^test/' },
      to: { path: '^src/doctor/' },
    },
    only('commands', '^commands/', '^commands/|^src/(domain|slack/views)/|^src/app/'),
    only('sandbox', '^sandbox/', '^sandbox/'),
    reserved('pg-home', ['pg', '@types/pg'], '^src/(store|databases|capture|guard)/|^sandbox/story/'),
    reserved('slack-home', ['@slack'], '^src/slack/'),
    reserved('cron-home', ['node-cron'], '^src/jobs/'),
    {
      name: 'roots-are-leaves',
      severity: 'error',
      from: {
        pathNot:
          '^src/(cli/|main\\.ts|inward\\.ts|outward\\.ts|self-report\\.ts|found\\.ts)|^test/|^bench/|^chaos/',
      },
      to: { path: '^src/(cli/|main\\.ts|inward\\.ts|outward\\.ts|self-report\\.ts|found\\.ts|config\\.ts)' },
    },
    {
      name: 'config-file-of-config',
      comment: 'The schema of firebreak.yml, and what its parts say, are parts of config.ts.',
      severity: 'error',
      from: { pathNot: '^src/config' },
      to: { path: '^src/config-[a-z]+\\.ts$' },
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
