/** `firebreak incident <verb …>`: the verbs of Slack from a terminal, for when Slack is away. */
import { Command } from 'commander';
import { createDispatch } from '../app/dispatch.ts';
import { loadCommands } from '../app/load-commands.ts';
import { type StoreOptions, withStore } from './options.ts';
import { onTerminal, withoutEmoji } from './terminal.ts';

export const incidentCommand = (): Command =>
  withStore(
    new Command('incident')
      .description('A verb of the slash command, e.g. `incident list` or `incident note inc-3 …`')
      .argument('<words...>', 'the verb and what follows it')
      .option('--config <file>', 'the configuration', 'firebreak.yml')
      .option('--private', 'private incidents too'),
  )
    // `note -15m …` is a time and no option.
    .allowUnknownOption()
    .action(incident);

const incident = (
  words: readonly string[],
  options: StoreOptions & { config: string; private?: boolean },
): Promise<void> =>
  onTerminal(options, async ({ app, actor, directory }) => {
    const dispatch = createDispatch({ app, directory, commands: await loadCommands() });
    const reply = await dispatch({ text: words.join(' '), actor, receivedAt: new Date() });
    (reply.refused ? process.stderr : process.stdout).write(`${withoutEmoji(reply.text)}\n`);
    if (reply.refused) process.exitCode = 1;
  });
