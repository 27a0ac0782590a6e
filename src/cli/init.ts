/** `firebreak init`: writes firebreak.yml and .env, by questions or by options, and says what comes next. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Command, CommanderError, Option } from 'commander';
import { loadCommands } from '../app/load-commands.ts';
import { loadSettings } from '../config.ts';
import { DEFAULT_COMMAND } from '../domain/settings.ts';
import { FirebreakError } from '../errors.ts';
import { renderManifest } from '../slack/manifest.ts';
import { wrongUsage } from './options.ts';

interface Answers {
  readonly channel?: string;
  readonly command?: string;
  readonly timezone?: string;
  /** Its link was shown before the tokens were asked for. */
  readonly appIsMade?: true;
  readonly botToken?: string;
  readonly appToken?: string;
  readonly databaseUrl?: string;
  /** Users or user groups. */
  readonly approver?: readonly string[];
  /** Of a Slack that is not Slack's own: the local one. */
  readonly slackApiUrl?: string;
}

const APP = 'Create the Slack app with this link, and install it';
const FILES = ['firebreak.yml', '.env'] as const;

export const initCommand = (): Command =>
  new Command('init')
    .description('Write firebreak.yml and .env in this folder, by questions or by options')
    .option('--yes', 'ask nothing; what is not given is as usual')
    .option('--channel <id>', 'the channel where incidents are announced, C…')
    .option('--command <name>', `the slash command (default: ${DEFAULT_COMMAND})`)
    .option(
      '--timezone <zone>',
      'the zone of times that are typed without one (default: that of this machine)',
    )
    .option('--approver <ids...>', 'who may let a plan pass, U… or S…, at least two people')
    .addOption(
      new Option(
        '--bot-token <token>',
        'xoxb-…; a history of commands keeps it: better set the variable, or put it into .env afterwards',
      ).env('SLACK_BOT_TOKEN'),
    )
    .addOption(new Option('--app-token <token>', 'xapp-…; likewise').env('SLACK_APP_TOKEN'))
    .addOption(new Option('--slack-api-url <url>').env('SLACK_API_URL').hideHelp())
    .option('--database-url <url>', "Firebreak's own store (default: a PostgreSQL of its own)")
    .action(async ({ yes, ...given }: Answers & { yes?: true }) => {
      const there = FILES.filter((file) => existsSync(file));
      if (there.length > 0) throw new FirebreakError('INIT_THERE', { found: there.join(' and ') });
      if (yes !== true && !process.stdin.isTTY)
        wrongUsage('there is no terminal to ask at: give the answers as options, with --yes.');
      await write(yes ? given : await asked(given));
    });

async function asked(given: Answers): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  /** Until it fits: at the end all other answers would be gone with it. */
  const ask = async (question: string, told: string | undefined, check: Check): Promise<string> => {
    const answer = told ?? (await terminal.question(`${question}: `)).trim();
    return (await fits(answer, check)) ? answer : ask(question, undefined, check);
  };
  try {
    // The app is made with its name.
    const command = await ask(`Slash command (empty: ${DEFAULT_COMMAND})`, given.command, (command) =>
      refuseConfig({ command }),
    );
    process.stdout.write(`\n${APP}:\n${await manifestLink(command)}\n\n`);
    return {
      command,
      appIsMade: true,
      botToken: await ask('Bot token, xoxb-… (empty: later, in .env)', given.botToken, (botToken) =>
        refuseEnv({ botToken }),
      ),
      appToken: await ask('App-level token, xapp-… (empty: later, in .env)', given.appToken, (appToken) =>
        refuseEnv({ appToken }),
      ),
      channel: await ask('Id of the channel where incidents are announced, C…', given.channel, (channel) =>
        refuseConfig({ channel }),
      ),
      timezone: await ask(`Time zone (empty: ${zoneHere()})`, given.timezone, (timezone) =>
        refuseConfig({ timezone }),
      ),
      approver: words(
        await ask(
          'Ids of those who may let a plan pass, U… or S…, at least two people (empty: nobody yet)',
          given.approver?.join(' '),
          (approver) => refuseConfig({ approver: words(approver) }),
        ),
      ),
      databaseUrl: await ask(
        "URL of Firebreak's own store (empty: a PostgreSQL of its own)",
        given.databaseUrl,
        (databaseUrl) => refuseEnv({ databaseUrl }),
      ),
      ...(given.slackApiUrl ? { slackApiUrl: given.slackApiUrl } : {}),
    };
  } finally {
    terminal.close();
  }
}

/** Throws what is wrong with an answer. */
type Check = (answer: string) => void | Promise<void>;

async function fits(answer: string, check: Check): Promise<boolean> {
  try {
    await check(answer);
    return true;
  } catch (error) {
    if (error instanceof FirebreakError) process.stderr.write(`${error.message}\n`);
    // Wrong usage was told as it was found.
    else if (!(error instanceof CommanderError)) throw error;
    return false;
  }
}

const words = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== '');

async function write(answers: Answers): Promise<void> {
  if (!answers.channel)
    return wrongUsage('--channel is missing: the id of the channel where incidents are announced.');
  refuseEnv(answers);
  await refuseConfig(answers);
  await writeAll({
    '.env': { text: envText(answers), mode: 0o600 },
    'firebreak.yml': { text: configText(answers), mode: 0o644 },
  });
  process.stdout.write(`${await nextSteps(answers)}\n`);
}

/** All or none of them; what is there stays as it is. */
async function writeAll(files: Readonly<Record<string, { text: string; mode: number }>>): Promise<void> {
  const made: string[] = [];
  try {
    for (const [name, { text, mode }] of Object.entries(files)) {
      const file = await open(name, 'wx', mode);
      made.push(name);
      await file.writeFile(text).finally(() => file.close());
    }
  } catch (error) {
    await Promise.all(made.map((name) => rm(name, { force: true })));
    throw error;
  }
}

function refuseEnv(answers: Answers): void {
  refuseToken('bot token', 'xoxb-', answers.botToken);
  refuseToken('app-level token', 'xapp-', answers.appToken);
  envText(answers);
}

/** Tokens are easily swapped; neither is ever shown. */
function refuseToken(what: string, prefix: string, token = ''): void {
  if (token === '' || token.startsWith(prefix)) return;
  throw new FirebreakError('TOKEN_WRONG', { what, prefix, found: `${token.slice(0, 4)}…` });
}

const configText = ({
  channel = '',
  command,
  timezone,
  approver = [],
}: Answers): string => `# Firebreak. All that can be set: firebreak.example.yml; secrets are in .env beside this file.
slack:
  command: ${JSON.stringify(command || DEFAULT_COMMAND)}
  incidents_channel: ${JSON.stringify(channel)}

timezone: ${JSON.stringify(timezone || zoneHere())}

# targets: # databases that it looks after; \`npx firebreak db roles\` prints the SQL of their roles
#   shop: { diag_url_env: SHOP_DIAG_URL, act_url_env: SHOP_ACT_URL, ddl_url_env: SHOP_DDL_URL }

${permissions(approver)}`;

/** Nobody may until named, so the place for it is shown. */
const permissions = (approver: readonly string[]): string =>
  approver.length > 0
    ? `permissions:\n  approve: ${JSON.stringify(approver)} # who may let a plan pass; nobody their own\n`
    : '# permissions: # who may let a plan pass; nobody until named\n#   approve: [U0123456789]\n';

const envText = ({ botToken = '', appToken = '', slackApiUrl = '', databaseUrl = '' }: Answers): string =>
  [
    '# Secrets of Firebreak. The environment goes before this file.',
    line('SLACK_BOT_TOKEN', botToken),
    line('SLACK_APP_TOKEN', appToken),
    ...(slackApiUrl === '' ? [] : [line('SLACK_API_URL', slackApiUrl)]),
    '# The bearer token of what is sent to the bot.',
    line('FIREBREAK_TOKEN', randomBytes(24).toString('hex')),
    ...(databaseUrl === '' ? [] : [line('DATABASE_URL', databaseUrl)]),
    '',
  ].join('\n');

/** In single quotes nothing has a meaning; what has none either way goes without: `docker run` takes quotes for a part of it. */
function line(name: string, value: string): string {
  if (/['\n]/.test(value))
    wrongUsage(`the value of ${name} has a quote or a line end in it; write %27 for a quote.`);
  return /^[\w.:/@%=+,-]*$/.test(value) ? `${name}=${value}` : `${name}='${value}'`;
}

/** By the reader of the real file, so that what is written can be started; a channel that is not known yet fits. */
async function refuseConfig(answers: Answers): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-init-'));
  try {
    const draft = join(folder, 'firebreak.yml');
    await writeFile(draft, configText({ channel: 'C0123456789', ...answers }));
    loadSettings(draft);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function nextSteps(answers: Answers): Promise<string> {
  const hasTokens = Boolean(answers.botToken && answers.appToken);
  const needsApp = !answers.slackApiUrl && !answers.appIsMade;
  const steps = [
    ...(needsApp ? [`${APP}:\n   ${await manifestLink(answers.command)}`] : []),
    hasTokens ? 'Both tokens are in .env.' : 'Put the bot token and the app-level token into .env.',
    'Invite the bot to the channel where incidents are announced.',
    'npx firebreak doctor',
    'npx firebreak start',
  ];
  return `Written: .env and firebreak.yml.\n\n${steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}`;
}

async function manifestLink(command: string | undefined): Promise<string> {
  const manifest = renderManifest({ command: command || DEFAULT_COMMAND, commands: await loadCommands() });
  return `https://api.slack.com/apps?new_app=1&manifest_yaml=${encodeURIComponent(manifest)}`;
}

const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
