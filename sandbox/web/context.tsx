/** What every part of the page needs to know: who acts, who is there, and how to do something. */
import { createContext, useContext } from 'react';
import type { Channel, Person, State, Story } from './model.ts';
import type { Theme } from './theme.ts';

export interface Page {
  readonly viewer: Person;
  readonly state: State;
  readonly story: Story | undefined;
  readonly theme: Theme;
  /** Opens a channel by id, at a message if one is given. */
  readonly go: (channelId: string, ts?: string) => void;
  /** Does something and says in a toast why it was refused; answers undefined then. */
  readonly act: <T>(work: Promise<T>) => Promise<T | undefined>;
  readonly say: (text: string) => void;
}

const PageContext = createContext<Page | undefined>(undefined);
export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('there is no page around this');
  return page;
}

export const personOf = (state: State, id: string | undefined): Person | undefined =>
  state.users.find((each) => each.id === id);

export const nameOf = (state: State, id: string | undefined): string =>
  personOf(state, id)?.name ?? (id === 'USLACKBOT' ? 'Slackbot' : (id ?? 'somebody'));

/** The bot of this local Slack. */
export const botOf = (state: State): Person | undefined => state.users.find(({ is_bot }) => is_bot);

/** The direct message between the app and a person. */
export const directMessageOf = (state: State, person: Person): Channel | undefined =>
  state.channels.find((channel) => channel.is_im && channel.members.includes(person.id));
