/** Who is in a channel: listed, invited (some may fail), removed, joined, left. */
import { z } from 'zod';
import { join, leave } from '../acts/channels.ts';
import type { Slack } from '../context.ts';
import type { Channel, Json } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { shownChannel } from './conversations.ts';
import { count, defineMethod, flag, needScope, open, page, person, visible, word } from './define.ts';

const MANAGE = { public: 'channels:manage', private: 'groups:write' } as const;
const READ = { public: 'channels:read', private: 'groups:read', im: 'im:read' } as const;
const manage = Object.values(MANAGE);
const MAX_INVITED = 1000;

const me = (slack: Slack) => slack.world.identity.botUser;

export const memberMethods = [
  defineMethod(
    'conversations.members',
    { scopes: Object.values(READ), tier: 4 },
    z.object({ channel: word, cursor: word.optional(), limit: count }),
    (slack, args) => {
      const channel = visible(slack, args.channel);
      needScope(slack, channel, READ);
      const { items, next } = page([...channel.members], args.cursor, args.limit ?? 100);
      return { members: items, response_metadata: { next_cursor: next } };
    },
  ),
  defineMethod(
    'conversations.invite',
    { scopes: manage, tier: 3 },
    z.object({ channel: word, users: word.default(''), force: flag }),
    (slack, args) => {
      const channel = open(slack, args.channel);
      needScope(slack, channel, MANAGE);
      return invite(
        slack,
        channel,
        args.users.split(',').map((id) => id.trim()),
        args.force ?? false,
      );
    },
  ),
  defineMethod(
    'conversations.kick',
    { scopes: manage, tier: 3 },
    z.object({ channel: word, user: word }),
    (slack, args) => {
      const channel = open(slack, args.channel);
      needScope(slack, channel, MANAGE);
      const user = person(slack, args.user);
      if (user.id === me(slack)) throw new SlackError('cant_kick_self');
      if (channel.name === 'general') throw new SlackError('cant_kick_from_general');
      if (!channel.members.has(user.id)) throw new SlackError('not_in_channel');
      leave(slack, channel, user.id);
      return { errors: {} };
    },
  ),
  defineMethod(
    'conversations.join',
    { scopes: ['channels:join'], tier: 3 },
    z.object({ channel: word }),
    (slack, args) => {
      const channel = visible(slack, args.channel);
      if (channel.kind !== 'public') throw new SlackError('method_not_supported_for_channel_type');
      if (channel.archived) throw new SlackError('is_archived');
      const already = channel.members.has(me(slack));
      join(slack, channel, me(slack));
      const note = { warning: 'already_in_channel', response_metadata: { warnings: ['already_in_channel'] } };
      return { channel: shownChannel(slack, channel), ...(already ? note : {}) };
    },
  ),
  defineMethod(
    'conversations.leave',
    { scopes: manage, tier: 3 },
    z.object({ channel: word }),
    (slack, args) => {
      const channel = visible(slack, args.channel);
      needScope(slack, channel, MANAGE);
      if (channel.name === 'general') throw new SlackError('cant_leave_general');
      if (channel.archived) throw new SlackError('is_archived');
      if (!channel.members.has(me(slack))) return { not_in_channel: true };
      leave(slack, channel, me(slack));
      return {};
    },
  ),
];

/** Without `force` one wrong user stops all; a deactivated one only fails itself, as Slack documents. */
function invite(slack: Slack, channel: Channel, ids: readonly string[], force: boolean): Json {
  const wanted = ids.filter((id) => id !== '');
  if (wanted.length === 0) throw new SlackError('users_list_not_supplied');
  if (wanted.length > MAX_INVITED) throw new SlackError('too_many_users');
  const errors = wanted.flatMap((id) => {
    const error = inviteError(slack, channel, id);
    return error === undefined ? [] : [{ user: id, ok: false, error }];
  });
  const failed = new Set(errors.map(({ user }) => user));
  const good = wanted.filter((id) => !failed.has(id));
  const stops = !force && errors.some(({ user }) => !slack.world.users.get(user)?.deactivated);
  if (!stops) for (const id of good) join(slack, channel, id, me(slack));
  const first = errors[0];
  if (first && (!force || good.length === 0)) throw new SlackError(first.error, { errors });
  return { channel: shownChannel(slack, channel), ...(first ? { errors } : {}) };
}

function inviteError(slack: Slack, channel: Channel, id: string): string | undefined {
  const user = slack.world.users.get(id);
  if (!user) return 'user_not_found';
  if (id === me(slack)) return 'cant_invite_self';
  if (user.deactivated) return 'cant_invite';
  if (user.kind === 'foreign') return 'not_in_team';
  return channel.members.has(id) ? 'already_in_channel' : undefined;
}
