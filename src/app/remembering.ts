/** A directory for one look: each group and channel is asked for once, however many incidents are looked through. */
import type { Directory } from './app.ts';

/** Never for an act: a right is read at that moment. */
export function remembering(directory: Directory): Directory {
  const groups = new Map<string, Promise<readonly string[]>>();
  const channels = new Map<string, Promise<readonly string[]>>();
  return {
    standing: (userId) => directory.standing(userId),
    groupMembers: (groupId) => once(groups, groupId, () => directory.groupMembers(groupId)),
    channelMembers: (channelId) => once(channels, channelId, () => directory.channelMembers(channelId)),
    userByEmail: (email) => directory.userByEmail(email),
    ...(directory.lately ? { lately: directory.lately } : {}),
  };
}

/** A failure is remembered too: what Slack does not answer now it is not asked again in the same look. */
function once<T>(asked: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = asked.get(key) ?? ask();
  asked.set(key, known);
  return known;
}
