/** `firebreak manifest`: the manifest of the Slack app; in a checkout it also keeps what is made of verbs, checks and step kinds. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { renderCommandsPage } from '../app/commands-page.ts';
import { loadCommands } from '../app/load-commands.ts';
import { loadSettings, lookAtConfig } from '../config.ts';
import { loadChecks } from '../databases/check.ts';
import { DEFAULT_COMMAND } from '../domain/settings.ts';
import { FirebreakError } from '../errors.ts';
import { jsonSchema } from '../runbooks/schema.ts';
import { loadSteps } from '../runbooks/step.ts';
import { SLACK_PATH } from '../slack/http.ts';
import { renderManifest } from '../slack/manifest.ts';
import { PACKAGE_ROOT } from '../version.ts';
import { renderChecksPage } from './checks-page.ts';
import { renderErrorsPage } from './errors-page.ts';
import { wrongUsage } from './options.ts';

const CONFIG = 'firebreak.yml';

interface ManifestOptions {
  readonly config?: string;
  readonly url?: string;
  readonly write?: true;
  readonly check?: true;
}

export const manifestCommand = (): Command =>
  new Command('manifest')
    .description('Print the manifest of the Slack app, with the slash command that the configuration names')
    .option('--config <file>', `the configuration (default: ${CONFIG}, if there is one)`)
    .option(
      '--url <https://…>',
      'for slack.mode http: where Slack reaches the HTTP server of the bot',
      requestUrl,
    )
    .option(
      '--write',
      `write manifest.yml, docs/commands.md, docs/checks.md, docs/errors.md and runbooks/schema.json of this checkout, with ${DEFAULT_COMMAND}`,
    )
    .option('--check', 'fail if one of them is not what --write would write')
    .action(async ({ config, url, write, check }: ManifestOptions) => {
      if ((config !== undefined || url !== undefined) && (write || check))
        wrongUsage(
          `--config and --url are for the manifest that is printed; the files always name ${DEFAULT_COMMAND}.`,
        );
      if (write) return writeFiles();
      if (check) return checkFiles();
      const commands = await loadCommands();
      const manifest = { command: commandName(config, url), commands, ...(url ? { requestUrl: url } : {}) };
      process.stdout.write(renderManifest(manifest));
    });

/** Slack sends to HTTPS only. */
function requestUrl(given: string): string {
  if (!URL.canParse(given) || new URL(given).protocol !== 'https:')
    wrongUsage(`--url: found ${given}, expected an address with https://.`);
  return new URL(SLACK_PATH, given).href;
}

/** Refuses to print what would switch Socket Mode on for a bot that listens to HTTP alone. */
function commandName(config: string | undefined, url: string | undefined): string {
  if (config === undefined && !existsSync(CONFIG)) return DEFAULT_COMMAND;
  const file = config ?? CONFIG;
  const { command } = loadSettings(file);
  if (url === undefined && lookAtConfig(file).outside.slack.link.kind === 'http')
    wrongUsage(`slack.mode is http in ${file}: add --url https://…, where Slack reaches the bot.`);
  return command;
}

async function writeFiles(): Promise<void> {
  for (const [name, text] of await rendered()) await writeFile(join(PACKAGE_ROOT, name), text);
}

/** Throws DOCS_STALE. */
async function checkFiles(): Promise<void> {
  const stale: string[] = [];
  for (const [name, text] of await rendered())
    if ((await readFile(join(PACKAGE_ROOT, name), 'utf8').catch(() => '')) !== text) stale.push(name);
  if (stale.length > 0) throw new FirebreakError('DOCS_STALE', { found: stale.join(' and ') });
}

/** The files that are made of the verbs, the checks and the step kinds. */
async function rendered(): Promise<readonly (readonly [name: string, text: string])[]> {
  const commands = await loadCommands();
  return [
    ['manifest.yml', renderManifest({ command: DEFAULT_COMMAND, commands })],
    ['docs/commands.md', renderCommandsPage(commands, DEFAULT_COMMAND)],
    ['docs/checks.md', renderChecksPage(await loadChecks())],
    ['docs/errors.md', renderErrorsPage()],
    ['runbooks/schema.json', jsonSchema(await loadSteps())],
  ];
}
