/** `firebreak start`: the bot, until Ctrl-C. */
import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { startFirebreak } from '../main.ts';
import { examineInside } from './doctor.ts';

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
      const ending = new AbortController();
      examineInside(file, meant, log, ending.signal).catch((error: unknown) =>
        log.warn({ err: error }, 'doctor: the examination broke off'),
      );
      await signalled();
      ending.abort();
      await bot.close();
    });

const signalled = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
