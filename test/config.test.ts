import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Env, loadConfig, loadSettings } from '../src/config.ts';
import { FirebreakError } from '../src/errors.ts';
import { PACKAGE_ROOT } from '../src/version.ts';

const secrets: Env = {
  SLACK_BOT_TOKEN: 'xoxb-test',
  SLACK_APP_TOKEN: 'xapp-test',
  SHOP_DIAG_URL: 'postgres://diag@127.0.0.1/shop',
  SHOP_ACT_URL: 'postgres://act@127.0.0.1/shop',
  SHOP_DDL_URL: 'postgres://ddl@127.0.0.1/shop',
};

const slack = 'slack: { incidents_channel: C0123456789 }';

const payments = `${slack}
timezone: Europe/Berlin
teams:
  payments:
    rotations:
      primary:
        people: [U000000001, U000000002]
        hand_off: Monday 09:00
        start: 2026-01-05
        overrides:
          - { user: U000000003, from: "2026-12-24 09:00", until: "2026-12-27T09:00Z" }
      night: { people: [U000000003], hand_off: sunday 18:30, timezone: Asia/Kathmandu, start: 2026-01-05 }
    levels:
      - { on_call: [primary], wait_min: 0.5 }
      - { on_call: [S0123456789, U000000004] }
      - { on_call: ["pagerduty:PABC123", night] }
    pagerduty: { routing_key_env: PD_PAYMENTS_KEY }
    webhook: { url_env: PAGE_URL, secret_env: PAGE_SECRET }
phones: { U000000001: "+49 30 1234567" }
pagerduty: { token_env: PAGERDUTY_TOKEN }
`;

describe('the configuration', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-config-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const load = async (yaml: string, env: Env = secrets) => {
    const file = join(folder, 'firebreak.yml');
    await writeFile(file, yaml);
    return loadConfig(file, env);
  };
  const problemsOf = async (yaml: string, env?: Env): Promise<string> => {
    const error: unknown = await load(yaml, env).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FirebreakError);
    expect(error).toMatchObject({ code: 'CONFIG_WRONG' });
    return (error as Error).message.replaceAll(folder, '');
  };

  it('lists the secrets it was given, of databases the password alone as it is written and as it is meant', async () => {
    const { secrets: found } = await load(
      `${payments}targets: { shop: { diag_url_env: SHOP_DIAG_URL, act_url_env: SHOP_ACT_URL } }
http: { tokens: { github: HOOK_SECRET } }
tracker: { github: { repo: acme/shop } }
secrets: [DEPLOY_TOKEN]
`,
      {
        ...secrets,
        DATABASE_URL: 'postgres://bot:st%40re@127.0.0.1/firebreak',
        SHOP_ACT_URL: 'postgres://act@127.0.0.1/shop?password=in-query',
        FIREBREAK_TOKEN: 'ci',
        PD_PAYMENTS_KEY: 'routing',
        PAGE_URL: 'https://pages.test/hook',
        PAGE_SECRET: 'page',
        PAGERDUTY_TOKEN: 'rest',
        HOOK_SECRET: 'hook',
        GITHUB_TOKEN: 'ghp',
        DEPLOY_TOKEN: 'deploy',
      },
    );
    const pagers = ['routing', 'https://pages.test/hook', 'page', 'rest'];
    const databases = ['st%40re', 'st@re', 'in-query'];
    expect([...found].sort()).toEqual(
      ['xoxb-test', 'xapp-test', 'ci', 'hook', 'ghp', 'deploy', ...pagers, ...databases].sort(),
    );
  });

  it('takes what is captured and how long it is kept', async () => {
    const { settings } = await load(`${slack}
capture: { emoji: [':round_pushpin:', pushpin], max_image_mb: 1 }
retention: { messages_days: 30 }
`);
    expect(settings.capture).toEqual({
      emoji: ['round_pushpin', 'pushpin'],
      maxImageBytes: 1024 * 1024,
      messagesDays: 30,
    });
  });

  it('takes severities, roles, services and reminders, in the order they are written', async () => {
    const { settings } = await load(`${slack.replace(' }', ', stakeholder_channel: C0123456780 }')}
severities:
  critical: { meaning: everything is down, update_min: 15, stale_min: 60, postmortem_days: 2 }
  minor: { meaning: somebody is annoyed }
roles:
  commander: { title: Einsatzleitung, duties: [Entscheide] }
  scribe: { title: Protokoll }
teams: { database: { on_call: [U000000001] } }
services: { orders: { team: database, links: { Dashboard: "https://grafana.example.com/d/1" } } }
reminders: { unclaimed_min: 2 }
permissions: { private: [S000000001] }
`);
    expect(settings).toMatchObject({
      severities: [
        { name: 'critical', updateEvery: 900, staleAfter: 3600, postmortemWithin: 172_800 },
        { name: 'minor', meaning: 'somebody is annoyed' },
      ],
      roles: [
        { name: 'commander', title: 'Einsatzleitung', duties: ['Entscheide'] },
        { name: 'scribe', title: 'Protokoll', duties: [] },
      ],
      services: { orders: { team: 'database', links: { Dashboard: 'https://grafana.example.com/d/1' } } },
      reminders: { unclaimedAfter: 120 },
      stakeholderChannel: 'C0123456780',
      permissions: { private: ['S000000001'] },
    });
    expect(settings.severities[1]).not.toHaveProperty('updateEvery');
  });

  it('without them has those of the guide, and a commander among the roles', async () => {
    const { settings } = await load(slack);
    expect(settings.severities.map(({ name }) => name)).toEqual(['sev1', 'sev2', 'sev3', 'sev4', 'sev5']);
    expect(settings.roles.map(({ name }) => name)).toContain('commander');
    expect(settings).not.toHaveProperty('stakeholderChannel');
  });

  it.each([
    [
      'roles without a commander',
      'roles: { scribe: { title: Scribe } }',
      /roles: found scribe, expected a role commander/,
    ],
    ['no severity', 'severities: {}', /severities: found none, expected at least one severity/],
    ['a severity named by a number', 'severities: { "1": { meaning: bad } }', /severities/],
    [
      'a service of an unknown team',
      'services: { orders: { team: nobody } }',
      /services\.orders\.team: found nobody, expected one of/,
    ],
    [
      'a link that is no address',
      'services: { orders: { links: { Docs: nowhere } } }',
      /services\.orders\.links/,
    ],
    [
      'an update every 0 minutes',
      'severities: { a: { meaning: bad, update_min: 0 } }',
      /severities\.a\.update_min/,
    ],
  ])('refuses %s', async (_what, yaml, message) => {
    expect(await problemsOf(`${slack}\n${yaml}\n`)).toMatch(message);
  });

  it('takes the example as it is shipped', () => {
    const config = loadConfig(join(PACKAGE_ROOT, 'firebreak.example.yml'), secrets);
    expect(config.settings.command).toBe('/incident');
    expect(config.settings.teams['payments']?.rotations['weekly']?.people).toHaveLength(2);
    expect(config.settings.targets['shop']?.urls.ddl).toBe('postgres://ddl@127.0.0.1/shop');
    expect(config.monitors.map(({ name }) => name)).toEqual([
      'order-status',
      'checkout-page',
      'shop:errors',
      'shop:error-rate',
      'shop:checks',
      'shop:slow-checks',
    ]);
  });

  it('reports every mistake at once, each with its place, what was found and what is expected', async () => {
    const problems = await problemsOf(
      [
        'slack: { incidents_channel: incidents }',
        'timezone: Mars/Olympus',
        'breaker: { dangerous_per_hour: many }',
        'permisions: {}',
        'monitors: { a: { target: nowhere, every_s: 9000 } }',
      ].join('\n'),
    );
    expect(problems).toMatch(
      /firebreak\.yml:1:\d+ slack\.incidents_channel: found "incidents", expected a Slack channel id/,
    );
    expect(problems).toMatch(/firebreak\.yml:2:\d+ timezone: found "Mars\/Olympus", expected an IANA zone/);
    expect(problems).toMatch(
      /firebreak\.yml:3:\d+ breaker\.dangerous_per_hour: found "many", expected number/,
    );
    expect(problems).toMatch(/firebreak\.yml:4:\d+ permisions: found `permisions`, expected no such key/);
    expect(problems).toMatch(/firebreak\.yml:5:\d+ monitors\.a\.every_s: found 9000/);
  });

  it('names the tokens that are missing and where to get them', async () => {
    const problems = await problemsOf('slack: { incidents_channel: C0123456789 }', {});
    expect(problems).toContain('environment SLACK_BOT_TOKEN: not set, expected the bot token (xoxb-…)');
    expect(problems).toContain('environment SLACK_APP_TOKEN: not set, expected an app-level token (xapp-…)');
  });

  it('takes the secrets of single ways in, and names those that are missing or not known', async () => {
    const tokens = (line: string): string => `${slack}\nhttp: { tokens: { ${line} } }`;
    const env = { ...secrets, FIREBREAK_TOKEN: 'of all', PD_SECRET: 'of pagerduty' };
    expect((await load(tokens('pagerduty: PD_SECRET'), env)).http).toEqual({
      listen: { host: '127.0.0.1', port: 3080 },
      tokens: ['of all'],
      secrets: { pagerduty: 'of pagerduty' },
    });
    const problems = await problemsOf(tokens('pagerduty: PD_SECRET, pagerdutty: X'), secrets);
    expect(problems).toContain('http.tokens.pagerdutty: found `pagerdutty`, expected `pagerduty`');
    expect(await problemsOf(tokens('sentry: NOT_THERE'), secrets)).toMatch(
      /firebreak\.yml:2:\d+ http\.tokens\.sentry: found NOT_THERE, .* environment variable NOT_THERE is not set/,
    );
  });

  it('tells a token of the wrong kind by its beginning, and never says it', async () => {
    const swapped = { ...secrets, SLACK_BOT_TOKEN: 'xapp-1-hunter2', SLACK_APP_TOKEN: 'hunter2' };
    const problems = await problemsOf('slack: { incidents_channel: C0123456789 }', swapped);
    expect(problems).toContain('environment SLACK_BOT_TOKEN: found xapp…, expected the bot token (xoxb-…)');
    expect(problems).toContain('environment SLACK_APP_TOKEN: found hunt…, expected an app-level token');
    expect(problems).not.toContain('hunter2');
  });

  it('takes people and user groups on call, and for permissions', async () => {
    const { settings } = await load(
      `${slack}\nteams: { database: { on_call: [U0123456789, S0123456789] } }\npermissions: { approve: [S0123456789] }`,
    );
    expect(settings.teams['database']).toEqual({
      name: 'database',
      levels: [
        {
          onCall: [
            { kind: 'user', id: 'U0123456789' },
            { kind: 'group', id: 'S0123456789' },
          ],
          waitSeconds: 300,
        },
      ],
      rotations: {},
      ways: [],
    });
    expect(settings.permissions.approve).toEqual(['S0123456789']);
  });

  it('names the variable of a target whose URL is missing, and monitors of unknown targets', async () => {
    const problems = await problemsOf(
      [
        'slack: { incidents_channel: C0123456789 }',
        'targets: { shop: { diag_url_env: NO_SUCH_URL } }',
        'monitors: { a: { target: shopp } }',
      ].join('\n'),
    );
    expect(problems).toContain('environment variable NO_SUCH_URL is not set');
    expect(problems).toContain('monitors.a.target: found shopp, expected one of shop');
  });

  it('reads the rules of alerts, times of silence and the limit of proposals', async () => {
    const { settings } = await load(
      [
        slack,
        'services: { checkout: {} }',
        'timezone: Europe/Berlin',
        'rules:',
        '  - { match: { alertname: Cart* }, service: checkout }',
        '  - { match: { service: checkout, severity: [critical, page] }, do: declare, severity: sev1 }',
        'silences:',
        '  - { match: { source: grafana }, from: "23:30", to: "01:00", days: [sunday], reason: batch }',
        'noise: { proposals_per_hour: 3 }',
      ].join('\n'),
    );
    expect(settings.alerts).toEqual({
      rules: [
        { match: { alertname: ['Cart*'] }, service: 'checkout' },
        {
          match: { service: ['checkout'], severity: ['critical', 'page'] },
          do: 'declare',
          severity: 'sev1',
        },
      ],
      silences: [
        {
          match: { source: ['grafana'] },
          from: '23:30',
          to: '01:00',
          days: [7],
          timezone: 'Europe/Berlin',
          reason: 'batch',
        },
      ],
      proposalsPerHour: 3,
    });
  });

  it('refuses rules that can do nothing, each with its place', async () => {
    const problems = await problemsOf(
      [
        slack,
        'rules:',
        '  - { match: {}, do: drop }',
        '  - { match: { source: grafana } }',
        '  - { match: { source: grafana }, do: drop, severity: sev1 }',
        '  - { match: { source: grafana }, do: page }',
        'silences: [{ match: { source: a }, from: 23h, to: "01:00", reason: x }]',
      ].join('\n'),
    );
    expect(problems).toMatch(/firebreak\.yml:3:\d+ rules\.0\.match: .*at least one property/);
    expect(problems).toMatch(/firebreak\.yml:4:\d+ rules\.1\.do: .*or the service that it gets/);
    expect(problems).toMatch(/firebreak\.yml:5:\d+ rules\.2\.do: .*a severity with `do: declare` only/);
    expect(problems).toMatch(/firebreak\.yml:6:\d+ rules\.3\.do: found "page"/);
    expect(problems).toMatch(/firebreak\.yml:7:\d+ silences\.0\.from: found "23h", expected a time of day/);
    const strangers = await problemsOf(
      [slack, 'rules: [{ match: { a: b }, do: declare, severity: sev9, service: nowhere }]'].join('\n'),
    );
    expect(strangers).toMatch(/rules\.0\.severity: found sev9, expected one of sev1/);
    expect(strangers).toMatch(/rules\.0\.service: found nowhere, expected one of \(no services\)/);
  });

  it('takes another target to rehearse rollbacks on, and refuses none and itself', async () => {
    const targets = (rehearsal: string) =>
      [
        slack,
        'targets:',
        `  shop: { diag_url_env: SHOP_DIAG_URL, rehearsal: ${rehearsal} }`,
        '  staging: { diag_url_env: SHOP_DIAG_URL }',
      ].join('\n');
    const { settings } = await load(targets('staging'));
    expect(settings.targets['shop']?.rehearsal).toBe('staging');
    expect(settings.targets['staging']?.rehearsal).toBeUndefined();
    for (const wrong of ['shop', 'stagin']) {
      expect(await problemsOf(targets(wrong))).toMatch(
        new RegExp(
          `firebreak\\.yml:3:\\d+ targets\\.shop\\.rehearsal: found ${wrong}, expected another target: staging`,
        ),
      );
    }
  });

  it('takes the history of any migration tool, and what guard may do', async () => {
    const file = `${slack}
targets:
  shop:
    diag_url_env: SHOP_DIAG_URL
    tool: other
    history: { table: ops.changes, name: what, applied_at: done_at, failed: broken }
    snapshot: { max_lock_s: 2, max_bytes: 1000 }
    guard: { undo: auto, window_s: 30 }
  plain: { diag_url_env: SHOP_DIAG_URL, tool: knex }
`;
    const { targets } = (await load(file)).settings;
    expect(targets['shop']).toMatchObject({
      tool: 'other',
      history: { table: 'ops.changes', name: 'what', applied_at: 'done_at', failed: 'broken' },
      snapshot: { maxLockSeconds: 2, maxBytes: 1000 },
      guard: { undo: 'auto', windowSeconds: 30 },
    });
    expect(targets['plain']).toMatchObject({ tool: 'knex', guard: { undo: 'propose', windowSeconds: 120 } });
  });

  it('wants table and column of a tool that it does not know, and no columns of one that it does', async () => {
    const file = `${slack}
targets:
  shop: { diag_url_env: SHOP_DIAG_URL, tool: other }
  plain: { diag_url_env: SHOP_DIAG_URL, tool: knex, history: { name: x } }
`;
    const problems = await problemsOf(file);
    for (const path of ['targets.shop.history.table', 'targets.shop.history.name', 'targets.plain.history'])
      expect(problems).toContain(path);
  });

  it('says where broken YAML breaks, and what to start from when there is none', async () => {
    expect(await problemsOf('slack: { incidents_channel: [')).toMatch(/firebreak\.yml:1:\d+ /);
    expect(() => loadConfig(join(folder, 'missing.yml'), secrets)).toThrow(
      /not found.*firebreak\.example\.yml/s,
    );
  });

  describe('of teams', () => {
    const paging: Env = {
      ...secrets,
      PD_PAYMENTS_KEY: 'key-hunter2',
      PAGE_URL: 'https://pages.example/hunter2',
      PAGE_SECRET: 'secret-hunter2',
      PAGERDUTY_TOKEN: 'token-hunter2',
    };
    const problemsOfTeam = (team: string, more = '') =>
      problemsOf(`${slack}\ntimezone: Europe/Berlin\nteams: { payments: { ${team} } }\n${more}`);
    const problemsOfRotation = (changed: Readonly<Record<string, string>>) => {
      const sound = { people: '[U000000001]', hand_off: 'monday 09:00', start: '2026-01-05' };
      const rotation = Object.entries({ ...sound, ...changed }).map(([key, value]) => `${key}: ${value}`);
      return problemsOfTeam(`on_call: [primary], rotations: { primary: { ${rotation.join(', ')} } }`);
    };
    const problemsOfOverride = (from: string, until: string) =>
      problemsOfRotation({ overrides: `[{ user: U000000002, from: "${from}", until: "${until}" }]` });

    it('reads levels, rotations with their overrides, and the ways a page goes', async () => {
      const { settings } = await load(payments, paging);
      expect(settings.teams['payments']).toEqual({
        name: 'payments',
        levels: [
          { onCall: [{ kind: 'rotation', name: 'primary' }], waitSeconds: 30 },
          {
            onCall: [
              { kind: 'group', id: 'S0123456789' },
              { kind: 'user', id: 'U000000004' },
            ],
            waitSeconds: 300,
          },
          {
            onCall: [
              { kind: 'pagerduty', schedule: 'PABC123' },
              { kind: 'rotation', name: 'night' },
            ],
            waitSeconds: 300,
          },
        ],
        rotations: {
          primary: {
            people: ['U000000001', 'U000000002'],
            handOff: { weekday: 1, time: '09:00' },
            timezone: 'Europe/Berlin',
            start: '2026-01-05',
            overrides: [
              {
                user: 'U000000003',
                from: new Date('2026-12-24T08:00:00Z'),
                until: new Date('2026-12-27T09:00:00Z'),
              },
            ],
          },
          night: {
            people: ['U000000003'],
            handOff: { weekday: 7, time: '18:30' },
            timezone: 'Asia/Kathmandu',
            start: '2026-01-05',
            overrides: [],
          },
        },
        ways: ['pagerduty', 'webhook'],
      });
      expect(settings.phones).toEqual({ U000000001: '+49 30 1234567' });
    });

    it('keeps secrets apart from the settings', async () => {
      const { paging: found, settings } = await load(payments, paging);
      expect(found).toEqual({
        teams: {
          payments: {
            routingKey: 'key-hunter2',
            webhook: { url: 'https://pages.example/hunter2', secret: 'secret-hunter2' },
          },
        },
        pagerDutyToken: 'token-hunter2',
        apiUrls: { events: 'https://events.pagerduty.com', rest: 'https://api.pagerduty.com' },
      });
      expect(JSON.stringify(settings)).not.toContain('hunter2');
    });

    it('has other addresses of PagerDuty from the environment, and no secrets when none are named', async () => {
      const elsewhere = {
        PAGERDUTY_EVENTS_URL: 'http://127.0.0.1:1',
        PAGERDUTY_API_URL: 'http://127.0.0.1:2',
      };
      const { paging: found } = await load(slack, { ...paging, ...elsewhere });
      expect(found).toEqual({
        teams: {},
        apiUrls: { events: 'http://127.0.0.1:1', rest: 'http://127.0.0.1:2' },
      });
    });

    it('names each variable that is not set, and never says what one holds', async () => {
      const problems = await problemsOf(payments);
      for (const [place, variable] of [
        ['pagerduty.token_env', 'PAGERDUTY_TOKEN'],
        ['teams.payments.pagerduty.routing_key_env', 'PD_PAYMENTS_KEY'],
        ['teams.payments.webhook.url_env', 'PAGE_URL'],
        ['teams.payments.webhook.secret_env', 'PAGE_SECRET'],
      ])
        expect(problems).toMatch(
          new RegExp(
            `:\\d+ ${place}: found ${variable}, expected .* environment variable ${variable} is not`,
          ),
        );
      const odd = await problemsOf(payments, { ...paging, PAGE_URL: 'pages.example/hunter2' });
      expect(odd).toContain('environment variable PAGE_URL holds no http(s) URL');
      expect(odd).not.toContain('hunter2');
    });

    it('needs none of them for a terminal', async () => {
      const file = join(folder, 'terminal.yml');
      await writeFile(file, payments);
      expect(loadSettings(file, {}).teams['payments']?.ways).toEqual(['pagerduty', 'webhook']);
      await writeFile(file, payments.replace('[primary]', '[primry]'));
      expect(() => loadSettings(file, {})).toThrow(
        /levels\.0\.on_call\.0: found primry, expected a rotation/,
      );
    });

    it('takes `on_call` or `levels`, and one of them', async () => {
      expect(await problemsOfTeam('rotations: {}')).toMatch(
        /teams\.payments: found neither `on_call` nor `levels`, expected one of the two/,
      );
      expect(await problemsOfTeam('on_call: [U000000001], levels: [{ on_call: [U000000001] }]')).toMatch(
        /teams\.payments: found both/,
      );
    });

    it.each([
      ['primary', /on_call\.0: found primary, expected a rotation of this team \(it has none\)/],
      ['constructor', /on_call\.0: found constructor, expected a rotation of this team/],
      ['"pagerduty:PABC123"', /on_call\.0: found pagerduty:PABC123, expected `pagerduty: \{ token_env/],
      ['"PABC123"', /on_call\.0: found "PABC123", expected a Slack user id/],
      [
        'U000000001, S0123456789, U000000001',
        /on_call\.2: found U000000001 a second time, expected each once/,
      ],
    ])('refuses on call: %s', async (words, expected) => {
      expect(await problemsOfTeam(`on_call: [${words}]`)).toMatch(expected);
    });

    it.each([
      [{ hand_off: 'someday 09:00' }, /hand_off: found "someday 09:00", expected a weekday and a time/],
      [{ hand_off: 'monday 9:00' }, /hand_off: found "monday 9:00", expected a weekday and a time/],
      [{ hand_off: 'monday 24:00' }, /hand_off: found "monday 24:00", expected/],
      [{ start: '2026-02-30' }, /start: found "2026-02-30", expected a calendar day/],
      [{ start: 'monday' }, /start: found "monday", expected a calendar day/],
      [{ timezone: 'Mars/Olympus' }, /timezone: found "Mars\/Olympus", expected an IANA zone/],
      [{ people: '[]' }, /people: found a collection, expected at least 1/],
      [{ people: '[S0123456789]' }, /people\.0: found "S0123456789", expected a Slack user id/],
    ])('refuses a rotation with %j', async (changed, expected) => {
      expect(await problemsOfRotation(changed as Record<string, string>)).toMatch(expected);
    });

    it('refuses a rotation that is named like an id', async () => {
      const rotation = '{ people: [U000000001], hand_off: monday 09:00, start: 2026-01-05 }';
      expect(await problemsOfTeam(`on_call: [U000000009], rotations: { U000000009: ${rotation} }`)).toMatch(
        /rotations\.U000000009: found a key of this name, expected lower-case letters/,
      );
    });

    it.each([
      [
        '2026-12-27 09:00',
        '2026-12-24 09:00',
        /until: found 2026-12-24 09:00, expected a time after 2026-12-27/,
      ],
      ['2026-12-24 09:00', '2026-12-24 08:00Z', /until: found 2026-12-24 08:00Z, expected a time after/],
      [
        '2026-03-29 02:30',
        '2026-04-01 09:00',
        /from: found .*, expected a time that clocks show: Europe\/Berlin skips/,
      ],
      [
        '2026-10-01 09:00',
        '2026-10-25 02:30',
        /until: found .*, expected a time with its offset.* shows this one twice/,
      ],
      [
        'tomorrow',
        '2026-13-01 09:00',
        /from: found tomorrow, expected a time, .*\n.*until: found 2026-13-01 09:00/,
      ],
    ])('refuses an override from %s until %s', async (from, until, expected) => {
      expect(await problemsOfOverride(from, until)).toMatch(expected);
    });

    it('wants phone numbers as text, of people', async () => {
      expect(await problemsOf(`${slack}\nphones: { U000000001: +49301234567 }`)).toMatch(
        /phones\.U000000001: found 49301234567, expected string/,
      );
      expect(await problemsOf(`${slack}\nphones: { ana: "+49 30 1" }`)).toMatch(
        /phones\.ana: .*Slack user id/,
      );
    });
  });

  describe('about a tracker', () => {
    const github = `${slack}\ntracker: { github: { repo: acme/shop } }`;
    const withToken = { ...secrets, GITHUB_TOKEN: 'ghp_hunter2' };

    it('has none unless told', async () => {
      const { settings, tracker } = await load(slack, withToken);
      expect([settings.tracker, tracker]).toEqual([undefined, undefined]);
    });

    it('takes the token from the environment, and GitHub elsewhere', async () => {
      const { settings, tracker } = await load(github, withToken);
      expect(settings.tracker).toBe('GitHub');
      expect(tracker).toEqual({
        kind: 'github',
        repo: 'acme/shop',
        token: 'ghp_hunter2',
        labels: ['postmortem'],
        apiUrl: 'https://api.github.com',
      });
      const own = { ...withToken, GITHUB_API_URL: 'http://127.0.0.1:9/api/v3/' };
      expect((await load(github, own)).tracker?.apiUrl).toBe('http://127.0.0.1:9/api/v3');
    });

    it('misses the token and refuses what is no repository or no address', async () => {
      expect(await problemsOf(github)).toMatch(
        /tracker\.github\.token_env: found GITHUB_TOKEN, .*GITHUB_TOKEN is not set/,
      );
      expect(await problemsOf(github.replace('acme/', ''), withToken)).toMatch(
        /tracker\.github\.repo: .*owner\/name/,
      );
      expect(await problemsOf(github, { ...withToken, GITHUB_API_URL: 'hunter2' })).toMatch(
        /tracker\.github: found GITHUB_API_URL, expected an http/,
      );
    });
  });
});
