/** `firebreak db sweep|<check>`: what is wrong with a database; reads only. */
import { Command } from 'commander';
import { sweep } from '../databases/sweep.ts';
import type { SweepReport } from '../domain/sweep.ts';
import { rolesCommand, targetsCommand } from './db-roles.ts';
import { printJson } from './options.ts';
import { onTarget, type TargetOptions, withTarget } from './targets.ts';

export const dbCommand = (): Command =>
  withTarget(new Command('db'))
    .description('Look at a database: the whole sweep, or one check by its name')
    .argument('<check>', '`sweep`, or the name of a check')
    .option('--json', 'print facts as JSON')
    .addCommand(rolesCommand())
    .addCommand(targetsCommand())
    .action(async (check: string, options: TargetOptions & { json?: true }) => {
      const only = check === 'sweep' ? {} : { only: check };
      const report = await onTarget(options, (target) => sweep(target, { now: new Date(), ...only }));
      if (options.json) printJson(report);
      else process.stdout.write(inLines(report));
    });

const inLines = ({ checks, took_ms }: SweepReport): string =>
  [
    ...checks.map(
      ({ check, status, verdict, next }) =>
        `${status.padEnd(8)}${check}: ${verdict}${next ? `\n        next: ${next}` : ''}`,
    ),
    `${checks.length} checks in ${took_ms} ms\n`,
  ].join('\n');
