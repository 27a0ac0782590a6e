/** `firebreak incident <verb …>`: the verbs of Slack from a terminal, for when Slack is away. */
import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import type { Directory } from '../app/app.ts';
import { createApp } from '../app/create.ts';
import { createDispatch } from '../app/dispatch.ts';
import { loadCommands } from '../app/load-commands.ts';
import { loadConfig } from '../config.ts';
import { loadRunbooks } from '../runbooks/load.ts';
import { loadSteps } from '../runbooks/step.ts';
import { PRODUCT, RUNBOOKS } from '../version.ts';
import { attachStore } from './attach.ts';

export const incidentCommand = (): Command =>
  new Command('incident')
    .description('A verb of the slash command, e.g. `incident list` or `incident note inc-3 …`')
    .argument('<words...>', 'the verb and what follows it')
    .option('--config <file>', 'the configuration', 'firebreak.yml')
    .option('--data-dir <dir>', "Firebreak's data folder")
    .action(async (words: readonly string[], options: { config: string; dataDir?: string }) => {
      const config = loadConfig(options.config);
      const { store, close } = await attachStore(options);
      try {
        const app = createApp({
          store,
          settings: config.settings,
          directory: noDirectory,
          now: () => new Date(),
          runbooks: await loadRunbooks(RUNBOOKS, await loadSteps()),
          generatedBy: PRODUCT,
        });
        const dispatch = createDispatch({ app, directory: noDirectory, commands: await loadCommands() });
        const actor = `terminal:${userInfo().username}@${hostname()}`;
        const reply = await dispatch({ text: words.join(' '), actor, receivedAt: new Date() });
        (reply.refused ? process.stderr : process.stdout).write(`${reply.text}\n`);
        if (reply.refused) process.exitCode = 1;
      } finally {
        await close();
      }
    });

/** A terminal is an operator, not a member of the workspace: nobody is looked up. */
const noDirectory: Directory = {
  standing: () => Promise.resolve('unknown'),
  groupMembers: () => Promise.resolve([]),
};
