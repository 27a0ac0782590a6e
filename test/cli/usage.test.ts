import { readFile } from 'node:fs/promises';
import { CONFIG, type Folder, firebreak, temporaryFolder } from './support.ts';

describe('the command line', () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  it('says which token is missing and where to get it', async () => {
    const config = await folder.write('tokens.yml', 'slack: { incidents_channel: C0123456789 }');
    const { code, out, err } = await firebreak(['start', '--config', config]);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('environment SLACK_BOT_TOKEN: not set, expected the bot token (xoxb-…)');
    expect(err).toContain('environment SLACK_APP_TOKEN: not set');
    expect(err).toContain('Mend these and start again');
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('reports every mistake of a configuration with its place', async () => {
    const config = await folder.write(
      'wrong.yml',
      'slack: { incidents_channel: incidents }\ntimezone: Mars/Olympus\nbreaker: { dangerous_per_hour: 0 }\n',
    );
    const { code, err } = await firebreak(['incident', 'list', '--config', config]);
    expect(code).toBe(1);
    expect(err).toMatch(/wrong\.yml:1:\d+ slack\.incidents_channel: found "incidents"/);
    expect(err).toMatch(/wrong\.yml:2:\d+ timezone: found "Mars\/Olympus"/);
    expect(err).toMatch(/wrong\.yml:3:\d+ breaker\.dangerous_per_hour: found 0/);
  });

  it('names the place of a URL that the environment lacks', async () => {
    const config = await folder.write('urls.yml', CONFIG);
    const { code, err } = await firebreak(['db', 'sweep', '--target', 'shop', '--config', config]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /urls\.yml:4:\d+ targets\.shop\.diag_url_env: found SHOP_DIAG_URL, .*SHOP_DIAG_URL is not set/,
    );
  });

  it('knows the targets when one is not among them', async () => {
    const config = await folder.write('target.yml', CONFIG);
    const { code, err } = await firebreak(['migrations', 'list', '--target', 'shopp', '--config', config]);
    expect(code).toBe(1);
    expect(err).toBe('There is no target named shopp.\nUse one of: shop.\n');
  });

  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['db', 'sweep'], /--target <name> or --url-env <variable>/],
    [['rollback', 'plan'], /--migration <name>, or --up <file>/],
    [['export', 'yesterday'], /yesterday is not an incident's number/],
    [['hold', 'check', '--target', 'shop'], /required option '--migration <name>'/],
  ])('ends with 2 on wrong usage: %j', async (args, what) => {
    const { code, err } = await firebreak(args);
    expect(err).toMatch(what);
    expect(code).toBe(2);
  });

  it('explains itself', async () => {
    const { code, out } = await firebreak(['rollback', 'plan', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: firebreak rollback plan [options]');
  });

  it('tells a failed connection in a line, and the stack only when debugging', async () => {
    const args = ['migrations', 'list', '--url-env', 'GONE'];
    const env = { GONE: 'postgres://nobody@127.0.0.1:1/none' };
    const [quiet, debugged] = await Promise.all([
      firebreak(args, env),
      firebreak(args, { ...env, LOG_LEVEL: 'debug' }),
    ]);
    expect(quiet.code).toBe(1);
    expect(quiet.err).toBe(
      'connect ECONNREFUSED 127.0.0.1:1\nCheck that the server is up, and the host and port of its URL.\n',
    );
    expect(debugged.err).toMatch(/^\s+at /m);
  });

  it('prints the manifest with the slash command of the configuration', async () => {
    const config = await folder.write(
      'named.yml',
      'slack: { command: /outage, incidents_channel: C0123456789 }',
    );
    const [shipped, own, missing] = await Promise.all([
      firebreak(['manifest', '--config', await folder.write('plain.yml', CONFIG)]),
      firebreak(['manifest', '--config', config]),
      firebreak(['manifest', '--config', `${folder.path}/none.yml`]),
    ]);
    expect(shipped).toMatchObject({ code: 0, out: await readFile('manifest.yml', 'utf8') });
    expect(own.out).toContain('- command: /outage\n');
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('none.yml: not found') as string });
  });

  it('prints no manifest of Socket Mode for a bot that listens to HTTP', async () => {
    const config = await folder.write('http.yml', 'slack: { incidents_channel: C0123456789, mode: http }');
    expect(await firebreak(['manifest', '--config', config])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('add --url https://…') as string,
    });
    const { out } = await firebreak(['manifest', '--config', config, '--url', 'https://bot.example.com']);
    expect(out).toContain('socket_mode_enabled: false');
  });

  it('knows that manifest.yml, docs/commands.md and docs/checks.md are as the verbs and checks say', async () => {
    const [fresh, both] = await Promise.all([
      firebreak(['manifest', '--check']),
      firebreak(['manifest', '--check', '--config', 'x.yml']),
    ]);
    expect(fresh).toEqual({ code: 0, out: '', err: '' });
    expect(both.code).toBe(2);
  });

  it('shows what a runbook takes and what its steps may do', async () => {
    const { code, out } = await firebreak(['runbook', 'show', 'migration-rollback']);
    expect(code).toBe(0);
    expect(out).toContain('migration (migration): the name of the migration in the history of the target');
    expect(out).toMatch(/1\. roll back \(migration-rollback, dangerous\)\n {5}The plan shows the exact SQL/);
  });
});
