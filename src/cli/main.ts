#!/usr/bin/env node
/** `firebreak`: one file a verb. Exit 0 ok, 1 refused or failed (reason and fix on stderr), 2 wrong usage. */
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { dbCommand } from './db.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { holdCommand } from './hold.ts';
import { incidentCommand } from './incident.ts';
import { migrationsCommand } from './migrations.ts';
import { report } from './report.ts';
import { rollbackCommand } from './rollback.ts';
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
  rollbackCommand(),
  holdCommand(),
  exportCommand(),
  verifyCommand(),
]) {
  program.addCommand(inherit(command));
}

// What nobody awaited still ends as a line and an exit code.
process.once('uncaughtException', (error) => process.exit(report(error)));

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
