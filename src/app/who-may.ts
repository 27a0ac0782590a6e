/** Who may type a verb, in words. */
import { type Command, permissionOf } from './command.ts';

/** For `help` and docs/commands.md. */
export function whoMay(command: Pick<Command, 'permission'>): string {
  const [alone, followed] = ['', 'x'].map((words) => permissionOf(command, words));
  if (followed === 'paged') return 'Whoever was paged may.';
  if (followed === undefined || followed === 'read') return 'Every full member may: it only reads.';
  const needs = `eeds \`${followed}\`; who has it is set by \`permissions.${followed}\` in firebreak.yml.`;
  return alone === 'read'
    ? `Alone it only reads, and every full member may; with more it n${needs}`
    : `N${needs}`;
}
