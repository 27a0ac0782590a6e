/** What init writes can be started, and nothing that is there is touched. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '../../src/config.ts';
import { packagedBinaries } from '../../src/store/embedded/binaries.ts';
import { MAIN } from '../support/built.ts';
import { type Ended, type Folder, temporaryFolder } from './support.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const run = (...args: readonly string[]): Promise<Ended> =>
  new Promise((done) => {
    const { PATH = '', HOME = '' } = process.env;
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: folder.path, env: { PATH, HOME } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin?.end();
  });
const ANSWERS = ['--yes', '--channel', 'C0123456789', '--bot-token', 'xoxb-1', '--app-token', 'xapp-1'];

test('writes both files, valid and with their secrets for their owner alone, and the link of the app', async () => {
  const url = 'postgres://u:p#a"$x@127.0.0.1/db';
  const { code, out } = await run('init', ...ANSWERS, '--database-url', url, '--command', '/outage');
  expect(code).toBe(0);
  const link = new URL(/https:\S+/.exec(out)?.[0] ?? '');
  expect(`${link.origin}${link.pathname}`).toBe('https://api.slack.com/apps');
  expect(link.searchParams.get('manifest_yaml')).toContain('- command: /outage\n');
  expect((await stat(join(folder.path, '.env'))).mode & 0o777).toBe(0o600);
  const written = await readFile(join(folder.path, '.env'), 'utf8');
  // `docker run --env-file` would take quotes for a part of it.
  expect(written).toContain('SLACK_BOT_TOKEN=xoxb-1\n');
  const env = parseEnv(written);
  const config = loadConfig(join(folder.path, 'firebreak.yml'), env);
  expect(config).toMatchObject({
    databaseUrl: url,
    slack: { botToken: 'xoxb-1', link: { kind: 'socket', appToken: 'xapp-1' } },
  });
  expect(config.settings).toMatchObject({ command: '/outage', incidentsChannel: 'C0123456789' });
});

(hasScript() ? test : test.skip)(
  'asks for the slash command before it shows the link of the app, and shows it once',
  async () => {
    const answers = ['/outage', 'xoxb-1', 'xapp-1', 'C0123456789', '', '', ''];
    const said = await asked(answers);
    const links = said.match(/https:\/\/api\.slack\.com\S+/g) ?? [];
    expect(links).toHaveLength(1);
    expect(new URL(links[0] ?? '').searchParams.get('manifest_yaml')).toContain('- command: /outage\n');
    expect(said.indexOf('Slash command')).toBeLessThan(said.indexOf('https:'));
    expect(await readFile(join(folder.path, 'firebreak.yml'), 'utf8')).toContain('command: "/outage"');
  },
);

(hasScript() ? test : test.skip)(
  'asks again while an answer does not fit, one that was given too',
  async () => {
    const answers = [
      ...['outage', '/outage', 'xapp-1', 'xoxb-1', 'xoxb-1', 'xapp-1', '', 'incidents', 'C0123456789'],
      ...['Europe/Nowhere', 'Europe/Berlin', 'ann bob', 'U0123456789 U0987654321', "postgres://a'b@h/d", ''],
    ];
    const said = await asked(answers, '--command', 'incident');
    const links = said.match(/https:\/\/api\.slack\.com\S+/g) ?? [];
    expect(links.map((link) => /command%3A%20(\S+?)%0A/.exec(link)?.[1])).toEqual(['%2Foutage']);
    for (const reason of [
      /slack\.command: found "incident"/,
      /slack\.command: found "outage"/,
      /bot token begins with xoxb-; this one begins with xapp…/,
      /app-level token begins with xapp-; this one begins with xoxb…/,
      /incidents_channel: found ""/,
      /incidents_channel: found "incidents"/,
      /timezone: found "Europe\/Nowhere"/,
      /permissions\.approve.*found "ann"/,
      /DATABASE_URL has a quote/,
    ])
      expect(said).toMatch(reason);
    const env = parseEnv(await readFile(join(folder.path, '.env'), 'utf8'));
    const { settings, slack } = loadConfig(join(folder.path, 'firebreak.yml'), env);
    expect(settings).toMatchObject({
      command: '/outage',
      incidentsChannel: 'C0123456789',
      timezone: 'Europe/Berlin',
      permissions: { approve: ['U0123456789', 'U0987654321'] },
    });
    expect(slack).toMatchObject({ botToken: 'xoxb-1', link: { appToken: 'xapp-1' } });
  },
);

/** The answers are typed as they are asked for, at a terminal. */
function asked(answers: readonly string[], ...options: readonly string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(
    'script',
    ['-qec', `stty cols 32000; '${process.execPath}' '${MAIN}' init ${options.join(' ')}`, '/dev/null'],
    {
      cwd: folder.path,
      env: { PATH, HOME },
    },
  );
  const left = [...answers];
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // Without how a terminal moves its cursor.
    if (/: $/.test(text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, ''))) child.stdin.write(`${left.shift() ?? ''}\r`);
  });
  return new Promise((done) => child.once('close', () => done(said)));
}

/** That of util-linux; that of macOS takes other options. */
function hasScript(): boolean {
  return String(spawnSync('script', ['--version']).stdout).includes('util-linux');
}

test.each([
  [
    'swapped tokens',
    ['--yes', '--channel', 'C0123456789', '--bot-token', 'xapp-1'],
    1,
    /bot token begins with xoxb-/,
  ],
  ['no channel', ['--yes'], 2, /--channel is missing/],
  ['a name for an id', ['--yes', '--channel', 'incidents'], 1, /incidents_channel: found "incidents"/],
  ['no terminal', [], 2, /no terminal to ask at/],
])('writes nothing for %s', async (_what, args, code, reason) => {
  expect(await run('init', ...args)).toMatchObject({ code, err: expect.stringMatching(reason) as string });
  expect(await readdir(folder.path)).toEqual([]);
});

test('leaves alone what is there', async () => {
  await folder.write('.env', 'MINE=1');
  expect(await run('init', ...ANSWERS)).toMatchObject({
    code: 1,
    err: expect.stringContaining('.env') as string,
  });
  expect(await readdir(folder.path)).toEqual(['.env']);
});

test('writes none of them when one cannot be written', async () => {
  await symlink('nowhere', join(folder.path, 'firebreak.yml'));
  expect(await run('init', ...ANSWERS)).toMatchObject({
    code: 1,
    err: expect.stringContaining('firebreak.yml') as string,
  });
  expect(await readdir(folder.path)).toEqual(['firebreak.yml']);
});

test('.env is read beside firebreak.yml, and nowhere else', async () => {
  await folder.write('.env', 'DATABASE_URL=postgres://127.0.0.1:1/none');
  const stranger = await run('manifest', '--config', 'none.yml');
  expect(stranger.err).toContain('none.yml: not found');
  await folder.write('firebreak.yml', 'slack: { incidents_channel: C0123456789 }');
  expect((await run('incident', 'list')).err).toContain('ECONNREFUSED 127.0.0.1:1');
});

test('a platform without binaries is told to set DATABASE_URL', async () => {
  await expect(packagedBinaries('win32-mips')).rejects.toMatchObject({
    code: 'NO_EMBEDDED_POSTGRES',
    fix: expect.stringContaining('DATABASE_URL') as string,
  });
});
