/** Which verb a word names. */
import type { Command } from './command.ts';

/** By its name or an alias, however it is capitalised. */
export function findCommand(commands: readonly Command[], word: string): Command | undefined {
  const wanted = word.toLowerCase();
  return commands.find(({ verb, aliases }) => verb === wanted || aliases?.includes(wanted));
}
