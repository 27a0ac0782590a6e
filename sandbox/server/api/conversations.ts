/** Channels: made, found, renamed, described, archived. */
import { z } from 'zod';
import { createChannel, rename, setArchived, setNote } from '../acts/channels.ts';
import type { Slack } from '../context.ts';
import type { Channel, Json } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { FOREIGN_TEAM, isExternal } from '../world.ts';
import {
  count,
  defineMethod,
  dmWith,
  flag,
  isMember,
  missingScope,
  needScope,
  open,
  page,
  person,
  visible,
  word,
} from './define.ts';

const MANAGE = { public: 'channels:manage', private: 'groups:write' } as const;
const READ = { public: 'channels:read', private: 'groups:read', im: 'im:read' } as const;
const manage = ['channels:manage', 'groups:write', 'im:write', 'mpim:write'];
const read = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const oneChannel = z.object({ channel: word });

const me = (slack: Slack) => slack.world.identity.botUser;

export const conversationMethods = [
  defineMethod(
    'conversations.create',
    { scopes: manage, tier: 2 },
    z.object({ name: word.default(''), is_private: flag }),
    (slack, args) => {
      const needed = MANAGE[args.is_private ? 'private' : 'public'];
      if (!slack.manifest.scopes.has(needed)) throw missingScope(slack, [needed]);
      return {
        channel: shownChannel(slack, createChannel(slack, me(slack), args.name, args.is_private ?? false)),
      };
    },
  ),
  defineMethod(
    'conversations.info',
    { scopes: read, tier: 3, ignored: ['include_locale'] },
    z.object({ channel: word, include_num_members: flag }),
    (slack, args) => {
      const channel = visible(slack, args.channel);
      needScope(slack, channel, READ);
      const members = args.include_num_members ? { num_members: channel.members.size } : {};
      return { channel: { ...shownChannel(slack, channel), ...members } };
    },
  ),
  defineMethod(
    'conversations.list',
    { scopes: read, tier: 2 },
    z.object({
      types: word.default('public_channel'),
      exclude_archived: flag,
      cursor: word.optional(),
      limit: count,
    }),
    (slack, args) => {
      const found = listed(slack, args.types.split(','), args.exclude_archived ?? false);
      const { items, next } = page(found, args.cursor, args.limit ?? 100);
      return {
        channels: items.map((one) => ({ ...shownChannel(slack, one), num_members: one.members.size })),
        response_metadata: { next_cursor: next },
      };
    },
  ),
  defineMethod(
    'conversations.rename',
    { scopes: manage, tier: 2 },
    z.object({ channel: word, name: word }),
    (slack, args) => {
      const channel = open(slack, args.channel);
      needScope(slack, channel, MANAGE);
      rename(slack, channel, me(slack), args.name);
      return { channel: shownChannel(slack, channel) };
    },
  ),
  noteMethod('conversations.setTopic', 'topic'),
  noteMethod('conversations.setPurpose', 'purpose'),
  defineMethod('conversations.archive', { scopes: manage, tier: 2 }, oneChannel, (slack, args) => {
    const channel = visible(slack, args.channel);
    needScope(slack, channel, MANAGE);
    if (channel.name === 'general') throw new SlackError('cant_archive_general');
    if (channel.archived) throw new SlackError('already_archived');
    if (!isMember(slack, channel)) throw new SlackError('not_in_channel');
    setArchived(slack, channel, me(slack), true);
    return {};
  }),
  defineMethod('conversations.unarchive', { scopes: manage, tier: 2 }, oneChannel, (slack, args) => {
    const channel = visible(slack, args.channel);
    needScope(slack, channel, MANAGE);
    if (!channel.archived) throw new SlackError('not_archived');
    // "Bot tokens cannot currently be used to unarchive conversations", says Slack's page of the method.
    throw new SlackError('not_in_channel');
  }),
  defineMethod(
    'conversations.open',
    { scopes: manage, tier: 3 },
    z.object({ users: word.optional(), channel: word.optional(), return_im: flag, prevent_creation: flag }),
    (slack, args) => {
      if (!slack.manifest.scopes.has('im:write')) throw missingScope(slack, ['im:write']);
      const channel = opened(slack, args);
      return { channel: args.return_im ? shownIm(channel) : { id: channel.id } };
    },
  ),
];

function noteMethod(name: string, field: 'topic' | 'purpose') {
  const shape = z.object({ channel: word, [field]: word });
  return defineMethod(name, { scopes: manage, tier: 2 }, shape, (slack, args: Record<string, unknown>) => {
    const channel = open(slack, String(args['channel']));
    needScope(slack, channel, MANAGE);
    setNote(slack, channel, me(slack), field, String(args[field]));
    return { channel: shownChannel(slack, channel) };
  });
}

function opened(slack: Slack, args: { users?: string | undefined; channel?: string | undefined }): Channel {
  if (args.channel !== undefined) return visible(slack, args.channel);
  const users = (args.users ?? '').split(',').filter((id) => id !== '');
  const [first] = users;
  if (first === undefined) throw new SlackError('users_list_not_supplied');
  // Group direct messages are not part of this Slack.
  if (users.length > 1) throw new SlackError('not_enough_users');
  return dmWith(slack, person(slack, first));
}

const TYPES = { public: 'public_channel', private: 'private_channel', im: 'im' } as const;

function listed(slack: Slack, types: readonly string[], excludeArchived: boolean): Channel[] {
  const kinds = (Object.keys(TYPES) as Channel['kind'][]).filter((kind) => types.includes(TYPES[kind]));
  const needed = kinds.map((kind) => READ[kind]).filter((scope) => !slack.manifest.scopes.has(scope));
  if (needed.length > 0) throw missingScope(slack, needed);
  return [...slack.world.channels.values()].filter(
    (one) =>
      kinds.includes(one.kind) &&
      (one.kind === 'public' || isMember(slack, one)) &&
      !(excludeArchived && one.archived),
  );
}

function shownIm(channel: Channel): Json {
  const { id, created, archived, peer } = channel;
  return {
    id,
    created,
    is_archived: archived,
    is_im: true,
    is_org_shared: false,
    user: peer,
    priority: 0,
  };
}

/** A conversation object as every method answers it. */
export function shownChannel(slack: Slack, channel: Channel): Json {
  if (channel.kind === 'im') return shownIm(channel);
  const teamId = slack.world.identity.team.id;
  const isPrivate = channel.kind === 'private';
  const external = isExternal(slack.world, channel);
  return {
    id: channel.id,
    name: channel.name,
    // A private channel made today is a channel too; is_group is for those of old.
    is_channel: true,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: isPrivate,
    created: channel.created,
    is_archived: channel.archived,
    is_general: channel.name === 'general',
    unlinked: 0,
    name_normalized: channel.name,
    is_shared: external,
    is_org_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    context_team_id: teamId,
    updated: channel.updated,
    creator: channel.creator,
    is_ext_shared: external,
    shared_team_ids: external ? [teamId, FOREIGN_TEAM] : [teamId],
    pending_connected_team_ids: [],
    is_member: isMember(slack, channel),
    topic: channel.topic,
    purpose: channel.purpose,
    previous_names: channel.previousNames,
  };
}
