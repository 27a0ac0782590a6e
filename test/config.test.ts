import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Env, loadConfig } from '../src/config.ts';
import { FirebreakError } from '../src/errors.ts';
import { PACKAGE_ROOT } from '../src/version.ts';

const secrets: Env = {
  SLACK_BOT_TOKEN: 'xoxb-test',
  SLACK_APP_TOKEN: 'xapp-test',
  SHOP_DIAG_URL: 'postgres://diag@127.0.0.1/shop',
  SHOP_ACT_URL: 'postgres://act@127.0.0.1/shop',
  SHOP_DDL_URL: 'postgres://ddl@127.0.0.1/shop',
};

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

  it('takes the example as it is shipped', () => {
    const config = loadConfig(join(PACKAGE_ROOT, 'firebreak.example.yml'), secrets);
    expect(config.settings.command).toBe('/incident');
    expect(config.settings.targets['shop']?.urls.ddl).toBe('postgres://ddl@127.0.0.1/shop');
    expect(config.monitors).toEqual([
      {
        name: 'order-status',
        target: 'shop',
        service: 'order-status',
        schedule: { everySeconds: 10 },
        for: 3,
      },
    ]);
  });

  it('reports every mistake at once, each with its place, what was found and what is expected', async () => {
    const problems = await problemsOf(
      [
        'slack: { incidents_channel: incidents }',
        'timezone: Mars/Olympus',
        'breaker: { dangerous_per_hour: many }',
        'permisions: {}',
        'monitors: { a: { target: nowhere, every_s: 90 } }',
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
    expect(problems).toMatch(/firebreak\.yml:5:\d+ monitors\.a\.every_s: found 90/);
  });

  it('names the tokens that are missing and where to get them', async () => {
    const problems = await problemsOf('slack: { incidents_channel: C0123456789 }', {});
    expect(problems).toContain('environment SLACK_BOT_TOKEN: not set, expected the bot token (xoxb-…)');
    expect(problems).toContain('environment SLACK_APP_TOKEN: not set, expected an app-level token (xapp-…)');
  });

  it('tells a token of the wrong kind by its beginning, and never says it', async () => {
    const swapped = { ...secrets, SLACK_BOT_TOKEN: 'xapp-1-hunter2', SLACK_APP_TOKEN: 'hunter2' };
    const problems = await problemsOf('slack: { incidents_channel: C0123456789 }', swapped);
    expect(problems).toContain('environment SLACK_BOT_TOKEN: found xapp…, expected the bot token (xoxb-…)');
    expect(problems).toContain('environment SLACK_APP_TOKEN: found hunt…, expected an app-level token');
    expect(problems).not.toContain('hunter2');
  });

  it('takes only people who can be paged on call, and groups for permissions', async () => {
    const slack = 'slack: { incidents_channel: C0123456789 }';
    const problems = await problemsOf(
      `${slack}\nteams: { database: { on_call: [U0123456789, S0123456789] } }`,
    );
    expect(problems).toMatch(
      /teams\.database\.on_call\.1: found "S0123456789", expected .*user group \(S…\) cannot be paged/,
    );
    const groups = `${slack}\npermissions: { approve: [S0123456789] }`;
    expect((await load(groups)).settings.permissions.approve).toEqual(['S0123456789']);
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

  it('refuses a monitor that has nothing to look at', async () => {
    const problems = await problemsOf(
      [
        'slack: { incidents_channel: C0123456789 }',
        'targets: { shop: { diag_url_env: SHOP_DIAG_URL } }',
        'monitors: { a: { target: shop } }',
      ].join('\n'),
    );
    expect(problems).toMatch(/monitors\.a\.target: found shop, which has no probes/);
  });

  it('says where broken YAML breaks, and what to start from when there is none', async () => {
    expect(await problemsOf('slack: { incidents_channel: [')).toMatch(/firebreak\.yml:1:\d+ /);
    expect(() => loadConfig(join(folder, 'missing.yml'), secrets)).toThrow(
      /not found.*firebreak\.example\.yml/s,
    );
  });
});
