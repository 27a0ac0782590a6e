#!/usr/bin/env node
/** `firebreak`: one file a verb. Exit 0 ok, 1 refused or failed (reason and fix on stderr), 2 wrong usage. */
import { Command, CommanderError } from 'commander';
import { FirebreakError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { dbCommand } from './db.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { incidentCommand } from './incident.ts';
import { migrationsCommand } from './migrations.ts';
import { runbookCommand } from './runbook.ts';
import { startCommand } from './start.ts';
import { verifyCommand } from './verify.ts';

const program = new Command('firebreak')
  .description('Incident response in Slack: timeline, PostgreSQL diagnosis, safe rollback, postmortem.')
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

for (const command of [
  startCommand(),
  demoCommand(),
  incidentCommand(),
  dbCommand(),
  runbookCommand(),
  migrationsCommand(),
  exportCommand(),
  verifyCommand(),
]) {
  program.addCommand(inherit(command));
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Subcommands report wrong usage the way the program does. */
function inherit(command: Command): Command {
  command.exitOverride();
  for (const each of command.commands) inherit(each);
  return command;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof FirebreakError) {
    process.stderr.write(`${error.message}\n${error.fix}\n`);
    return 1;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}
