/** The target of a command: named in firebreak.yml, or only by the environment variable that holds its URL. */
import { type Command, Option } from 'commander';
import { loadTarget, urlIn } from '../config.ts';
import { openTarget, type Target } from '../databases/target.ts';
import type { MigrationTool } from '../domain/migration-tools.ts';
import type { TargetSettings } from '../domain/target-settings.ts';
import { wrongUsage } from './options.ts';

export interface TargetOptions {
  readonly target?: string;
  readonly urlEnv?: string;
  /** Of a database that is named by `urlEnv`. */
  readonly tool?: MigrationTool;
  readonly config: string;
}

/** Adds the options that say which target is meant. */
export const withTarget = (command: Command): Command =>
  command
    .option('--target <name>', 'a target of firebreak.yml')
    .addOption(
      new Option(
        '--url-env <variable>',
        'the environment variable with the URL of a database that is not named there',
      ).conflicts('target'),
    )
    .option('--config <file>', 'the configuration', 'firebreak.yml');

/** Whether a target was named at all. */
export const namesTarget = ({ target, urlEnv }: TargetOptions): boolean =>
  target !== undefined || urlEnv !== undefined;

/** Opens the target for `work`, and closes it after. */
export async function onTarget<T>(options: TargetOptions, work: (target: Target) => Promise<T>): Promise<T> {
  const target = openTarget(settingsOf(options));
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

function settingsOf({ target, urlEnv, config, tool = 'node-pg-migrate' }: TargetOptions): TargetSettings {
  if (target !== undefined) return loadTarget(config, target);
  if (urlEnv === undefined) return wrongUsage('--target <name> or --url-env <variable> says which database');
  const url = urlIn(urlEnv);
  return {
    name: urlEnv.toLowerCase(),
    urls: { diag: url, act: url, ddl: url },
    tool,
    probes: [],
    services: [],
    snapshot: { maxLockSeconds: 5 },
    sources: {},
  };
}
