import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { examineInside, inLines } from '../../src/cli/doctor.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import { type Ended, type Folder, firebreak, temporaryFolder } from '../cli/support.ts';
import { createShop, type Shop } from '../databases/shop.ts';
import { MAIN } from '../support/built.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { openWard, type Ward } from './support.ts';

interface Facts {
  readonly ok: boolean;
  readonly checks: readonly { name: string; status: string; found: string; fix?: string }[];
}

describe('firebreak doctor', () => {
  let ward: Ward;
  let store: TestDatabase;
  let shop: Shop;
  let folder: Folder;
  let file: string;
  beforeAll(async () => {
    [ward, store, shop, folder] = await Promise.all([
      openWard(),
      createTestDatabase(),
      createShop(),
      temporaryFolder(),
    ]);
    file = await folder.write('firebreak.yml', configuration());
  });
  afterAll(async () => {
    await ward.close();
    await store.drop();
    await shop.close();
    await folder.remove();
  });
  const configuration = (): string => `
slack: { incidents_channel: ${ward.slack.channels['incidents'] ?? ''} }
http: { listen: "127.0.0.1:0" }
targets:
  shop: { diag_url_env: SHOP_DIAG_URL, act_url_env: SHOP_ACT_URL, ddl_url_env: SHOP_DDL_URL, watch: false }
teams: { database: { on_call: [${ward.slack.users['dba'] ?? ''}] } }
permissions: { approve: [${ward.slack.users['dba'] ?? ''}] }
`;
  const env = (): Record<string, string> => ({
    SLACK_BOT_TOKEN: ward.slack.botToken,
    SLACK_APP_TOKEN: ward.slack.appToken,
    SLACK_CONFIG_TOKEN: ward.slack.configToken,
    SLACK_API_URL: `${ward.slack.url}/api/`,
    DATABASE_URL: store.url,
    SHOP_DIAG_URL: shop.config.urls.diag,
    SHOP_ACT_URL: shop.config.urls.act ?? '',
    SHOP_DDL_URL: shop.config.urls.ddl ?? '',
  });
  const doctor = (config: string, given = env(), ...more: readonly string[]): Promise<Ended> =>
    firebreak(['doctor', '--config', config, '--data-dir', folder.path, ...more], given);

  it('says of each thing how it is, and ends well when nothing fails', async () => {
    const { code, out } = await doctor(file, env(), '--json');
    const { ok, checks } = JSON.parse(out) as Facts;
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(checks.find(({ name }) => name === 'configuration')?.found).toContain('1 target, 1 team');
    const page = await readFile(join(PACKAGE_ROOT, 'docs/doctor.md'), 'utf8');
    const names = checks.map(({ name }) => name.replace('target shop', 'target …'));
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    for (const secret of Object.values(env()).filter((value) => value.includes('-') || value.includes('@')))
      expect(out).not.toContain(secret);
  });

  it('examines all the rest when the configuration is wrong and the store is away', async () => {
    const wrong = `${configuration()}\nservices: { cart: { team: nobody } }\n`;
    const config = await folder.write('wrong.yml', wrong);
    const { SHOP_ACT_URL: _, ...rest } = env();
    const { code, out } = await doctor(config, { ...rest, DATABASE_URL: 'postgres://x:hush@127.0.0.1:1/x' });
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL {2}configuration .*\n(.*\n)*? {6}fix: Expected: one of database\./m);
    expect(out).toMatch(/SHOP_ACT_URL is not set/);
    expect(out).toMatch(/^FAIL {2}store /m);
    expect(out).toMatch(/^skip {2}slack socket /m);
    expect(out).toMatch(/^ok {4}target shop probes|^skip {2}target shop probes/m);
    expect(out).not.toContain('hush');
    const long = out.split('\n').filter((line) => line.length > 80 && !/\S{50}/.test(line));
    expect(long).toEqual([]);
  });

  it('examines what the environment says when there is no configuration to be read', async () => {
    const config = await folder.write('broken.yml', 'slack: {');
    const { code, out } = await doctor(config, env(), '--json');
    const { checks } = JSON.parse(out) as Facts;
    expect(code).toBe(1);
    expect(checks[0]).toMatchObject({ name: 'configuration', status: 'fail' });
    expect(checks.filter(({ name }) => /^(slack|store)/.test(name)).length).toBeGreaterThan(8);
  });

  it('inside of the bot warns in the log, and leaves out what the bot does itself', async () => {
    const logged: string[] = [];
    const log = createLogger({ destination: { write: (line: string) => void logged.push(line) } });
    const config = loadConfig(file, { ...env(), FIREBREAK_DATA_DIR: folder.path });
    const bad = { ...config, settings: { ...config.settings, incidentsChannel: 'C0NOWHERE' } };
    const before = ((await ward.control('GET', 'calls')) as object[]).length;
    await examineInside('firebreak.yml', bad, log, new AbortController().signal);
    const calls = ((await ward.control('GET', 'calls')) as { method: string }[]).slice(before);
    expect(calls.map(({ method }) => method)).not.toContain('apps.connections.open');
    const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({
        check: 'incidents channel',
        status: 'fail',
        msg: 'doctor: something is not as it has to be',
      }),
    );
    expect(lines.some(({ check }) => String(check).startsWith('target'))).toBe(false);
  });

  it('beside a bot that runs opens no connection; the bot itself has warned when it was up', async () => {
    const config = await folder.write(
      'bot.yml',
      configuration().replace(/incidents_channel: \w+/, 'incidents_channel: C0NOWHERE'),
    );
    const bot = spawn(process.execPath, [MAIN, 'start', '--config', config, '--data-dir', folder.path], {
      env: { PATH: process.env['PATH'], ...env() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let log = '';
    bot.stdout.on('data', (chunk: Buffer) => void (log += chunk.toString()));
    try {
      await eventually(() => /"check":"incidents channel"/.test(log));
      const { out, code } = await doctor(file, env(), '--json');
      const { checks } = JSON.parse(out) as Facts;
      expect(checks.find(({ name }) => name === 'slack socket')).toMatchObject({
        status: 'ok',
        found: expect.stringMatching(/^Held by the bot that runs/) as string,
      });
      expect(code).toBe(0);
    } finally {
      bot.kill();
    }
    expect(await once(bot, 'exit')).toEqual([0, null]);
  });

  it('breaks lines between words, and keeps what is longer than a line whole', () => {
    const long = 'x'.repeat(90);
    const text = inLines([
      { name: 'one', status: 'fail', found: `${'word '.repeat(20)}end.`, fix: `Say ${long} twice.` },
      { name: 'two', status: 'ok', found: 'Well.' },
    ]);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([`           ${long}`]);
    expect(text).toMatch(/^FAIL {2}one {2}word/);
    expect(text).toMatch(/^ok {4}two {2}Well\.$/m);
    expect(text.trimEnd().split('\n').at(-1)).toBe('1 are well, 1 fail, 0 warn.');
  });
});
