/** What the page of the local Slack is made of: its files, and what it knows of the bot's slash command. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { byGroup } from '../app/groups.ts';
import { loadCommands } from '../app/load-commands.ts';
import { DEFAULT_COMMAND } from '../domain/settings.ts';
import { PACKAGE_ROOT } from '../version.ts';

export const MANIFEST = join(PACKAGE_ROOT, 'manifest.yml');

/** The page, if it is built. */
export function pageDir(): { readonly webDir?: string } {
  const webDir = join(PACKAGE_ROOT, 'dist/sandbox/web');
  if (existsSync(join(webDir, 'index.html'))) return { webDir };
  process.stderr.write('The page of the local Slack is not built: run `npm run build`.\n');
  return {};
}

/** What the page completes, and offers for messages. */
export async function aboutCommand(): Promise<object> {
  const commands = await loadCommands();
  const manifest = parse(await readFile(MANIFEST, 'utf8')) as { features: { shortcuts?: readonly object[] } };
  return {
    command: DEFAULT_COMMAND,
    shortcuts: manifest.features.shortcuts ?? [],
    // The page completes the first few of them: what begins everything comes first.
    verbs: byGroup(commands)
      .flatMap(({ items }) => items)
      .map(({ verb, aliases = [], usage, summary }) => ({ verb, aliases, usage, summary })),
  };
}
