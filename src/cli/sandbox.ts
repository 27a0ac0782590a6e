/** `firebreak sandbox`: a local Slack in the browser, the bot, and a shop to break and mend, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { createLevers, type Levers } from '../../sandbox/story/levers.ts';
import { postStartHere } from '../../sandbox/story/start-here.ts';
import { startTraffic } from '../../sandbox/story/traffic.ts';
import { openAll } from '../closing.ts';
import { captureMigrations } from '../databases/history.ts';
import { DEFAULT_COMMAND } from '../domain/settings.ts';
import { advanceableClock } from '../jobs/clock.ts';
import { interrupted } from './interrupted.ts';
import { sendMigrations } from './migrations.ts';
import { wholeNumber } from './options.ts';
import { aboutCommand, pageDir } from './sandbox-page.ts';
import { openSandbox, type Sandbox, type SandboxOptions } from './sandbox-world.ts';
import { openSlackAlone } from './slack-only.ts';

interface PlayOptions {
  readonly port?: number;
  readonly keep?: true;
  readonly seed?: number;
}

const DEFAULT_SEED = 1;

export const sandboxCommand = (): Command =>
  new Command('sandbox')
    .description('Try it: a local Slack in the browser, the bot, and a shop whose outage is one button away')
    .option('--port <number>', 'where the local Slack answers (default: a free port)', wholeNumber)
    .option('--headless', 'open no browser')
    .option('--keep', "keep the bot's store and the shop in .firebreak/sandbox")
    .option(
      '--slack-only',
      'the local Slack without bot and shop; prints what a shell needs to set up a bot for it',
    )
    .action(async (options: PlayOptions & { headless?: true; slackOnly?: true }) => {
      const signal = interrupted();
      const sandbox = options.slackOnly ? await openSlackAlone(options.port) : await openPlayground(options);
      try {
        process.stdout.write(greeting(sandbox));
        if (!options.headless && !signal.aborted) openBrowser(sandbox.url);
        await aborted(signal);
      } finally {
        await sandbox.close();
      }
    });

/** With lines for a shell it is itself one that a shell passes over. */
const greeting = ({ url, lines }: Playground): string =>
  lines === undefined ? `ready ${url}\n` : `${[...lines, `# ready ${url}`].join('\n')}\n`;

interface Playground {
  readonly url: string;
  /** For a shell. */
  readonly lines?: readonly string[];
  readonly close: () => Promise<void>;
}

/** Opens everything; `world` is what differs in tests. */
export const openPlayground = (
  { port, keep, seed = DEFAULT_SEED }: PlayOptions,
  { slack, ...world }: Partial<SandboxOptions> = {},
): Promise<Playground> =>
  openAll(async (onClose) => {
    const dataDir = keep
      ? resolve('.firebreak/sandbox')
      : await mkdtemp(join(tmpdir(), 'firebreak-sandbox-'));
    await mkdir(dataDir, { recursive: true });
    if (!keep) onClose(() => rm(dataDir, { recursive: true, force: true }));
    const clock = advanceableClock();
    const later: { sandbox?: Sandbox; levers?: Levers } = {};
    const about = await aboutCommand();
    const sandbox = await openSandbox({
      dataDir,
      seed,
      clock,
      keep: keep === true,
      slack: {
        ...(port === undefined ? {} : { port }),
        ...(slack?.webDir === undefined ? pageDir() : {}),
        onClock: (ms) => clock.advance(ms),
        routes: {
          'GET info': () => later.sandbox?.info ?? {},
          'GET story': async () => ({ ...about, ...(await later.levers?.show()) }),
          'POST story': async ({ step }) => ({ said: await later.levers?.pull(step) }),
        },
        ...slack,
      },
      ...world,
    });
    onClose(sandbox.close);
    later.sandbox = sandbox;
    const { shop } = sandbox;
    const traffic = startTraffic({ appUrl: shop.urls.app, seed: shop.seed, orders: shop.orders });
    onClose(async () => {
      await traffic.stop(0);
    });
    const levers = await createLevers({
      shop,
      adminUrl: sandbox.shopAdminUrl,
      traffic,
      capture: async (dir) => {
        const migrations = await captureMigrations({ tool: 'node-pg-migrate', dir });
        const { botUrl: url, token } = sandbox;
        await sendMigrations({ url, token, target: 'shop', migrations });
      },
    });
    onClose(() => levers.close());
    later.levers = levers;
    await postStartHere(sandbox.slack.url, DEFAULT_COMMAND);
    return { url: sandbox.slack.url };
  });

/** Nobody minds if there is none. */
function openBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
