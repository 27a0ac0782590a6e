/** Loads the verbs from commands/: one file a verb, found on disk, registered nowhere. */
import { readdir } from 'node:fs/promises';
import { FirebreakError } from '../errors.ts';
import type { Command } from './command.ts';

const FOLDER = new URL('../../commands/', import.meta.url);

export async function loadCommands(): Promise<readonly Command[]> {
  const files = (await readdir(FOLDER)).filter((file) => /(?<!\.d)\.[jt]s$/.test(file)).sort();
  const commands: Command[] = [];
  // One after the other: Jest's module loader does not bear imports of one graph side by side.
  for (const file of files) commands.push(await loadCommand(file));
  return commands;
}

async function loadCommand(file: string): Promise<Command> {
  const { default: command } = (await import(new URL(file, FOLDER).href)) as { default?: Command };
  if (command?.verb !== file.replace(/\.[jt]s$/, ''))
    throw new FirebreakError('COMMAND_MISNAMED', { found: file });
  return command;
}
