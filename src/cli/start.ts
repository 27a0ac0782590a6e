/** `firebreak start`: the bot, until Ctrl-C. */
import { once } from 'node:events';
import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { startFirebreak } from '../main.ts';
import { examineInside } from './doctor.ts';
import { interrupted } from './interrupted.ts';

export const startCommand = (): Command =>
  new Command('start')
    .description('Run the bot')
    .option('--config <file>', 'the configuration', 'firebreak.yml')
    .option('--data-dir <dir>', "Firebreak's data folder")
    .action(async ({ config: file, dataDir }: { config: string; dataDir?: string }) => {
      const config = loadConfig(file);
      const log = createLogger({ level: config.logLevel, secrets: config.secrets });
      const meant = { ...config, ...(dataDir ? { dataDir } : {}) };
      const bot = await startFirebreak(meant, { log });
      log.info({ url: bot.url }, 'firebreak is up');
      // Not SIGHUP: under nohup it outlives its terminal.
      const ending = interrupted(['SIGINT', 'SIGTERM']);
      examineInside(file, meant, log, ending).catch((error: unknown) =>
        log.warn({ err: error }, 'doctor: the examination broke off'),
      );
      await once(ending, 'abort');
      log.info('stopping: what is begun is finished; a second signal ends it at once');
      await bot.close();
    });
