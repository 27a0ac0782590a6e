/** `firebreak db roles` prints the SQL that makes a target's roles; `firebreak db targets` tells whether each is as it has to be. */
import { Command } from 'commander';
import { targetNames } from '../config.ts';
import { lookAt, type TargetLook } from '../databases/readiness.ts';
import { rolesSql } from '../databases/roles.ts';
import { FirebreakError } from '../errors.ts';
import { printJson } from './options.ts';
import { onTarget, type TargetOptions } from './targets.ts';

/** Both belong to `db`, which reads their options: `--target`, `--url-env`, `--config`, `--json`. */
export const rolesCommand = (): Command =>
  new Command('roles')
    .description('Print the SQL that makes the roles of a target and its marker schema; psql runs it')
    .action(async (_: object, command: Command) => {
      process.stdout.write(await onTarget(command.optsWithGlobals<TargetOptions>(), rolesSql));
    });

interface TargetsOptions {
  readonly config: string;
  readonly json?: true;
}

export const targetsCommand = (): Command =>
  new Command('targets')
    .description('Look at every target: reachable, one database, the right rights; exit 1 when one is not')
    .action((_: object, command: Command) => showTargets(command.optsWithGlobals<TargetsOptions>()));

interface TargetFacts extends TargetLook {
  readonly target: string;
}

async function showTargets({ config, json }: TargetsOptions): Promise<void> {
  const facts = await Promise.all(targetNames(config).map((target) => factsOf(target, config)));
  if (json) printJson(facts);
  else process.stdout.write(facts.map(lines).join('') || 'No target is configured.\n');
  if (facts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

/** Each target fails alone, also by its own part of the configuration. */
async function factsOf(target: string, config: string): Promise<TargetFacts> {
  try {
    return { target, ...(await onTarget({ target, config }, lookAt)) };
  } catch (error) {
    if (!(error instanceof FirebreakError)) throw error;
    return { target, problems: [{ found: error.message, fix: error.fix }] };
  }
}

const lines = ({ target, about, problems }: TargetFacts): string =>
  problems.length === 0
    ? `${target}: ready (${about ?? 'unknown'})\n`
    : problems.map(({ found, fix }) => `${target}: ${found}\n        fix: ${fix}\n`).join('');
