/** Values of command-line options, checked; and options that several verbs take. */
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { MIGRATION_TOOLS } from '../domain/migration-tools.ts';

export interface StoreOptions {
  readonly dataDir?: string;
}

/** Adds the option of verbs that read or write Firebreak's own store. */
export const withStore = (command: Command): Command =>
  command.option('--data-dir <dir>', "Firebreak's data folder, where no DATABASE_URL is set");

/** The option that says which migration tool a folder belongs to. */
export const toolOption = (): Option =>
  new Option('--tool <tool>', "the project's migration tool")
    .choices(MIGRATION_TOOLS)
    .default('node-pg-migrate');

/** `3`, `#3` or `inc-3`. */
export function incidentNumber(text: string): number {
  const found = /^(?:inc-|#)?(\d+)$/.exec(text)?.[1];
  if (found === undefined)
    throw new InvalidArgumentError(`${text} is not an incident's number, for example 3.`);
  return Number(found);
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${text} is not a whole number.`);
  return Number(text);
}

/** Ends the verb as wrong usage, for what commander cannot see by itself. */
export function wrongUsage(text: string): never {
  process.stderr.write(`error: ${text}\n`);
  throw new CommanderError(2, 'firebreak.usage', text);
}

/** Facts for machines. */
export const printJson = (facts: unknown): void =>
  void process.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`);
