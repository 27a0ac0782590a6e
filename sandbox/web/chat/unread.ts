/** Which channels hold something that the person has not seen; kept by the browser, per person. */
import { useCallback } from 'react';
import { useKept } from '../kept.ts';
import type { Channel, Message, Person, State } from '../model.ts';

export interface Unread {
  /** Messages not seen in a channel. */
  readonly count: (channelId: string) => number;
  /** True when one of them names the person, or is for them alone. */
  readonly isUrgent: (channelId: string) => boolean;
  /** The last message seen, when the channel was opened. */
  readonly seenIn: (channelId: string) => string | undefined;
  readonly see: (channelId: string, ts: string) => void;
  readonly total: number;
}

type Seen = Readonly<Record<string, string>>;

export function useUnread(state: State, viewer: Person): Unread {
  const [seen, setSeen] = useKept<Seen>('seen', {});
  const keyOf = (channelId: string): string => `${viewer.id} ${channelId}`;
  const unseen = (channel: Channel): readonly Message[] =>
    [...channel.messages, ...channel.ephemerals].filter(
      ({ ts, user, bot_id, subtype }) =>
        ts > (seen[keyOf(channel.id)] ?? '') &&
        (user !== viewer.id || bot_id !== undefined) &&
        subtype !== 'channel_join',
    );
  const find = (id: string): Channel | undefined => state.channels.find((channel) => channel.id === id);
  const see = useCallback(
    (channelId: string, ts: string) =>
      setSeen((before) => {
        const key = `${viewer.id} ${channelId}`;
        return (before[key] ?? '') >= ts ? before : { ...before, [key]: ts };
      }),
    [setSeen, viewer.id],
  );
  const count = (id: string): number => {
    const channel = find(id);
    return channel ? unseen(channel).length : 0;
  };
  const isUrgent = (id: string): boolean => {
    const channel = find(id);
    if (!channel) return false;
    return (
      (channel.is_im && count(id) > 0) ||
      unseen(channel).some(({ text, to }) => to !== undefined || text.includes(`<@${viewer.id}>`))
    );
  };
  const total = state.channels.filter(({ id }) => count(id) > 0).length;
  return { count, isUrgent, seenIn: (id) => seen[keyOf(id)], see, total };
}
