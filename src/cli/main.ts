#!/usr/bin/env node
/** `firebreak`: one file a verb. Exit 0 ok, 1 refused or failed (reason and fix on stderr), 2 wrong usage. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { report } from './report.ts';

/** Loaded only when asked for: `start` brings Bolt along, which no other verb should wait for. */
const VERBS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  start: async () => (await import('./start.ts')).startCommand(),
  sandbox: async () => (await import('./sandbox.ts')).sandboxCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  incident: async () => (await import('./incident.ts')).incidentCommand(),
  db: async () => (await import('./db.ts')).dbCommand(),
  runbook: async () => (await import('./runbook.ts')).runbookCommand(),
  migrations: async () => (await import('./migrations.ts')).migrationsCommand(),
  rollback: async () => (await import('./rollback.ts')).rollbackCommand(),
  guard: async () => (await import('./guard.ts')).guardCommand(),
  hold: async () => (await import('./hold.ts')).holdCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  stats: async () => (await import('./stats.ts')).statsCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  restore: async () => (await import('./backup.ts')).restoreCommand(),
  manifest: async () => (await import('./manifest.ts')).manifestCommand(),
};

const program = new Command('firebreak')
  .description('Incident response in Slack: timeline, PostgreSQL diagnosis, safe rollback, postmortem.')
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .hook('preAction', (_, verb) => readEnvFile(verb.opts<{ config?: string }>().config));

// What nobody awaited still ends as a line and an exit code.
process.once('uncaughtException', (error) => process.exit(report(error)));

try {
  for (const load of asked(process.argv[2])) program.addCommand(inherit(await load()));
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Only beside a configuration of ours: the .env of somebody's project may name its own DATABASE_URL. */
function readEnvFile(config = 'firebreak.yml'): void {
  const file = join(dirname(config), '.env');
  if (existsSync(config) && existsSync(file)) process.loadEnvFile(file);
}

/** The verb that was typed; all of them for help, and for what is none. */
function asked(typed = ''): readonly (() => Promise<Command>)[] {
  const verb = Object.hasOwn(VERBS, typed) ? VERBS[typed] : undefined;
  return verb ? [verb] : Object.values(VERBS);
}

/** Subcommands report wrong usage the way the program does. */
function inherit(command: Command): Command {
  command.exitOverride();
  for (const each of command.commands) inherit(each);
  return command;
}
