/** What the composer offers to complete: the command, its verbs, people and channels. */
import type { State, Story } from '../model.ts';

export interface Offer {
  /** What is shown. */
  readonly label: string;
  readonly hint: string;
  /** The whole line once it is taken. */
  readonly line: string;
}

const OFFERS = 8;

/** For what stands before the cursor; nothing when there is nothing to offer. */
export function offersFor(line: string, state: State, story: Story | undefined): readonly Offer[] {
  const offers = line.startsWith('/') ? commandOffers(line, story) : [];
  return (offers.length > 0 ? offers : nameOffers(line, state)).slice(0, OFFERS);
}

/** How the verb that is being typed goes on; undefined before there is one. */
export function usageOf(line: string, story: Story | undefined): string | undefined {
  const [, command, verb] = /^(\/\S+)\s+(\S+)\s/.exec(line) ?? [];
  if (!story || command !== story.command) return undefined;
  const found = story.verbs.find((each) => each.verb === verb || each.aliases.includes(verb ?? ''));
  return found && `${story.command} ${found.usage}`;
}

function commandOffers(line: string, story: Story | undefined): readonly Offer[] {
  if (!story) return [];
  const { command, verbs } = story;
  if (command.startsWith(line) && line !== command)
    return [{ label: command, hint: 'run an incident', line: `${command} ` }];
  const begun = line.startsWith(`${command} `) ? line.slice(command.length + 1) : undefined;
  const rest = line === command ? '' : begun;
  if (rest === undefined || /\s/.test(rest)) return [];
  const word = rest.toLowerCase();
  return verbs
    .filter(({ verb, aliases }) => [verb, ...aliases].some((each) => each.startsWith(word)))
    .filter(({ verb }) => verb !== word)
    .map(({ verb, summary, usage }) => ({
      label: `${command} ${usage}`,
      hint: summary,
      line: `${command} ${verb} `,
    }));
}

function nameOffers(line: string, state: State): readonly Offer[] {
  const [, lead = '', sign, begun = ''] = /^([\s\S]*(?:^|\s))([@#])([a-z0-9._-]*)$/.exec(line) ?? [];
  if (sign === undefined) return [];
  const things =
    sign === '@'
      ? state.users.map(({ name, real_name }) => ({ name, hint: real_name }))
      : state.channels.filter(({ is_im }) => !is_im).map(({ name, topic }) => ({ name, hint: topic }));
  return things
    .filter(({ name }) => name.startsWith(begun) && name !== begun)
    .map(({ name, hint }) => ({ label: `${sign}${name}`, hint, line: `${lead}${sign}${name} ` }));
}
