/** The bot as a process of its own, which a test can kill as a power cut would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { PROBE_SQL } from '../../sandbox/story/queries.ts';
import { PACKAGE_ROOT } from '../../src/version.ts';
import type { TestShop } from '../sandbox/story/support.ts';
import type { World } from '../slack/support.ts';
import { MAIN } from '../support/built.ts';
import { eventually } from '../support/eventually.ts';

export const TOKEN = 'capture-token';

export interface BotProcess {
  readonly url: string;
  /** All that it wrote to standard output and standard error until now. */
  readonly said: () => string;
  /** What `kill -9` does: nothing is said or put away. */
  kill(): Promise<void>;
  /** SIGSTOP: it does nothing, and its connections stay open. */
  freeze(): void;
  wake(): void;
  /** SIGTERM, each time; resolves to its exit code. */
  stop(): Promise<number | null>;
}

export interface Bots {
  /** Where they keep their data. */
  readonly dir: string;
  /** `main`: the command line of another version. */
  readonly start: (main?: string) => Promise<BotProcess>;
  /** Ends all that still run. */
  readonly close: () => Promise<void>;
}

export interface BotsOptions {
  readonly shop?: { readonly urls: Pick<TestShop['urls'], 'diag' | 'act' | 'owner'> };
  /** Socket Mode unless told. */
  readonly mode?: 'socket' | 'http';
  /** Runbooks of its own, by file name. */
  readonly runbooks?: Readonly<Record<string, string>>;
}

/** Bots for a world; each `start` is another instance with the same configuration. */
export async function botsOf(world: World, options: BotsOptions = {}): Promise<Bots> {
  const dir = await mkdtemp(join(tmpdir(), 'firebreak-bot-'));
  const config = join(dir, 'firebreak.yml');
  await writeFile(config, stringify(configuration(world, options)));
  for (const [name, text] of Object.entries(options.runbooks ?? {})) {
    await mkdir(join(dir, 'runbooks'), { recursive: true });
    await writeFile(join(dir, 'runbooks', name), text);
  }
  const bots = botsFrom(config, environment(world, options));
  return {
    dir,
    start: (main) => bots.start(main),
    async close() {
      await bots.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** Bots with this firebreak.yml and this environment. */
export function botsFrom(config: string, env: NodeJS.ProcessEnv): Bots {
  const running = new Set<ChildProcess>();
  return {
    dir: dirname(config),
    async start(main = MAIN) {
      const child = spawn(
        process.execPath,
        [main, 'start', '--config', config, '--data-dir', dirname(config)],
        {
          cwd: PACKAGE_ROOT,
          env: { PATH: process.env['PATH'], LOG_LEVEL: 'info', ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      running.add(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
      const url = await eventually(
        () => /"url":"([^"]+)".*firebreak is up/.exec(said)?.[1] ?? child.exitCode !== null,
        { within: 20_000 },
      );
      if (url === true) throw new Error(`the bot has ended: ${said}`);
      return {
        url,
        said: () => said,
        kill: () => kill(child, running),
        freeze: () => void child.kill('SIGSTOP'),
        wake: () => void child.kill('SIGCONT'),
        stop: () => stop(child, running),
      };
    },
    async close() {
      await Promise.all([...running].map((child) => kill(child, running)));
    },
  };
}

async function kill(child: ChildProcess, running: Set<ChildProcess>): Promise<void> {
  running.delete(child);
  const ended = new Promise((done) => child.once('exit', done));
  if (child.exitCode !== null || !child.kill('SIGKILL')) return;
  await ended;
}

function stop(child: ChildProcess, running: Set<ChildProcess>): Promise<number | null> {
  return new Promise((done) => {
    child.once('exit', (code) => {
      running.delete(child);
      done(code);
    });
    child.kill('SIGTERM');
  });
}

function configuration({ slack: { users, channels } }: World, { shop, mode }: BotsOptions): object {
  const everybody = ['oncall', 'commander', 'dba'].map((name) => users[name]);
  const target = {
    diag_url_env: 'SHOP_DIAG_URL',
    act_url_env: 'SHOP_ACT_URL',
    ddl_url_env: 'SHOP_DDL_URL',
    probes: [{ name: 'order-status', sql: PROBE_SQL }],
  };
  return {
    slack: { incidents_channel: channels['incidents'], ...(mode ? { mode } : {}) },
    http: { listen: '127.0.0.1:0' },
    ...(shop ? { targets: { shop: target } } : {}),
    permissions: {
      declare: everybody,
      respond: everybody,
      dangerous: everybody,
      approve: [users['dba']],
    },
  };
}

const environment = ({ slack, database }: World, { shop }: BotsOptions): NodeJS.ProcessEnv => ({
  SLACK_BOT_TOKEN: slack.botToken,
  SLACK_APP_TOKEN: slack.appToken,
  SLACK_SIGNING_SECRET: slack.signingSecret,
  SLACK_API_URL: `${slack.url}/api/`,
  DATABASE_URL: database.url,
  FIREBREAK_TOKEN: TOKEN,
  ...(shop
    ? { SHOP_DIAG_URL: shop.urls.diag, SHOP_ACT_URL: shop.urls.act, SHOP_DDL_URL: shop.urls.owner }
    : {}),
});
