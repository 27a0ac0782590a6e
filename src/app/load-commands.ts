/** Loads the verbs from commands/: one file a verb, found on disk, registered nowhere. */
import { loadFolder } from '../load-folder.ts';
import type { Command } from './command.ts';

export const loadCommands = (): Promise<readonly Command[]> =>
  loadFolder<Command>(new URL('../../commands/', import.meta.url), ({ verb }) => verb);
