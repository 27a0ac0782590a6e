import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Env, loadConfig } from '../src/config.ts';
import type { MonitorSettings } from '../src/monitors/contract.ts';

const env: Env = {
  SLACK_BOT_TOKEN: 'xoxb-test',
  SLACK_APP_TOKEN: 'xapp-test',
  SHOP_DIAG_URL: 'postgres://x',
};

/** A target with a probe, and one without. */
const TARGETS = `slack: { incidents_channel: C0123456789 }
targets:
  shop: { diag_url_env: SHOP_DIAG_URL, services: [order-status], probes: [{ name: status, sql: select 1 }] }
  bank: { diag_url_env: SHOP_DIAG_URL, services: [pay, book], watch: false }
`;

describe('monitors in firebreak.yml', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firebreak-config-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const load = async (yaml: string): Promise<readonly MonitorSettings[]> => {
    const file = join(folder, 'firebreak.yml');
    await writeFile(file, yaml);
    return loadConfig(file, env).monitors;
  };
  const named = async (name: string, yaml: string) =>
    (await load(`${TARGETS}monitors: { ${name}: ${yaml} }`)).find((it) => it.name === name);
  const problemsOf = async (yaml: string): Promise<string> =>
    await named('a', yaml).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );

  it('are there for every target that nothing is named for, by its only service, unless it is not watched', async () => {
    const monitors = await load(TARGETS);
    expect(
      monitors.map(({ name, target, service, schedule, for: times, clear }) => ({
        name,
        target,
        service,
        schedule,
        times,
        clear,
      })),
    ).toEqual(
      [
        { name: 'shop:probes', schedule: { everySeconds: 10 }, times: 3, clear: 1 },
        { name: 'shop:errors', schedule: { everySeconds: 10 }, times: 1, clear: 3 },
        { name: 'shop:error-rate', schedule: { everySeconds: 10 }, times: 3, clear: 3 },
        { name: 'shop:checks', schedule: { everySeconds: 30 }, times: 2, clear: 3 },
        { name: 'shop:slow-checks', schedule: { everySeconds: 300 }, times: 2, clear: 3 },
      ].map((it) => ({ ...it, target: 'shop', service: 'order-status' })),
    );
    const watched = await load(TARGETS.replace('watch: false', 'watch: true'));
    expect(watched.filter(({ target }) => target === 'bank')).toMatchObject([
      { name: 'bank:errors' },
      { name: 'bank:error-rate' },
      { name: 'bank:checks' },
      { name: 'bank:slow-checks' },
    ]);
    for (const monitor of watched.slice(-4)) expect(monitor).not.toHaveProperty('service');
  });

  it('that are named take the place of those of their kind', async () => {
    const monitors = await load(`${TARGETS}monitors:
  a: { target: shop, service: orders }
  b: { target: shop, checks: [blocking] }
`);
    expect(monitors.map(({ name }) => name)).toEqual(['a', 'b', 'shop:errors', 'shop:error-rate']);
  });

  it('look at probes, pages, checks and rates, by seconds or by cron', async () => {
    expect(
      await named('a', '{ target: shop, failures: 5, clear: 2, timeout_s: 2, probes: [status] }'),
    ).toEqual({
      name: 'a',
      target: 'shop',
      schedule: { everySeconds: 10 },
      look: { kind: 'probes', probes: ['status'] },
      for: 5,
      clear: 2,
      timeoutMs: 2000,
    });
    expect(
      await named(
        'a',
        '{ http: { url: "https://shop.example/health", contains: fine }, every_s: 3600, for: 1 }',
      ),
    ).toEqual({
      name: 'a',
      schedule: { everySeconds: 3600 },
      look: { kind: 'http', url: 'https://shop.example/health', status: 200, contains: 'fine' },
      for: 1,
      clear: 3,
    });
    const limits = '{ connections: { warn: 50, crit: 60 } }';
    expect(
      await named(
        'a',
        `{ target: bank, cron: "*/5 * * * * *", checks: [connections], level: warn, limits: ${limits} }`,
      ),
    ).toMatchObject({
      schedule: { cron: '*/5 * * * * *' },
      look: {
        kind: 'checks',
        checks: ['connections'],
        level: 'warn',
        limits: { connections: { warn: 50, crit: 60 } },
      },
    });
    expect(await named('a', '{ target: bank, checks: first-minutes }')).toMatchObject({
      look: { kind: 'checks', checks: 'first-minutes', level: 'crit', limits: {} },
    });
    expect(await named('a', '{ target: bank, errors: { limits: { 23505: 300, "08": 100 } } }')).toMatchObject(
      {
        look: { kind: 'errors', limits: { '23505': 300, '08': 100 } },
        for: 1,
      },
    );
    expect(await named('a', '{ target: bank, error_rate: { min: 5 } }')).toMatchObject({
      look: { kind: 'error_rate', percent: 10, min: 5, baseline: 3 },
    });
  });

  it.each([
    ['{ target: shopp }', /5:\d+ monitors\.a\.target: found shopp, expected one of shop, bank/],
    ['{ target: bank }', /monitors\.a\.target: found bank, which has no probes/],
    ['{ every_s: 5 }', /monitors\.a: found no target, expected a target, or an address under http/],
    ['{ target: shop, probes: [state] }', /monitors\.a\.probes\.0: found state, expected `status`/],
    [
      '{ target: shop, checks: [blokcing] }',
      /5:\d+ monitors\.a\.checks\.0: found blokcing, expected `blocking`/,
    ],
    [
      '{ target: shop, checks: all }',
      /monitors\.a\.checks: found "all", expected a list of checks, or first-minutes/,
    ],
    [
      '{ target: shop, checks: [wal], error_rate: {} }',
      /a\.error_rate: found it beside checks, expected only one of/,
    ],
    ['{ target: shop, every_s: 5, cron: "* * * * *" }', /a\.cron: found it beside every_s/],
    ['{ target: shop, for: 5, failures: 4 }', /a\.failures: found it beside for/],
    ['{ target: shop, cron: "* * *" }', /a\.cron: found "\* \* \*", expected five fields of cron/],
    ['{ target: shop, every_s: 0 }', /a\.every_s: found 0, expected at least 1/],
    [
      '{ target: shop, errors: { limits: { 08: 5 } } }',
      /a\.errors\.limits.*a SQLSTATE or its class in quotes/,
    ],
    ['{ target: shop, level: warn }', /a\.level: found warn, expected it beside checks only/],
    [
      '{ http: { url: ftp://shop.example } }',
      /a\.http\.url: found "ftp:\/\/shop\.example", expected an address/,
    ],
    ['{ http: { url: "http://u:hunter2@shop.example" } }', /without a password/],
    [
      '{ target: shop, checks: [wal], limits: { connections: { warn: 1, crit: 2 } } }',
      /a\.limits\.connections: found connections, expected `connection`/,
    ],
    [
      '{ target: shop, checks: [wal], limits: { wal: { warn: 3, crit: 2 } } }',
      /a\.limits\.wal: found warn 3 above crit 2/,
    ],
  ])('refuse %s', async (yaml, problem) => {
    expect(await problemsOf(yaml)).toMatch(problem);
  });
});
