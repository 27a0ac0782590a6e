/** Pins, bookmarks and reactions of the app. */
import { z } from 'zod';
import { pin, pinItem, react, unpin, unreact } from '../acts/marks.ts';
import { permalink, shown } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Bookmark, Channel } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { defineMethod, joined, message, open, word } from './define.ts';

const MAX_BOOKMARKS = 100;
const onMessage = z.object({ channel: word, timestamp: word });
const reaction = z.object({ channel: word, timestamp: word, name: word });

const me = (slack: Slack) => slack.world.identity.botUser;

export const pinMethods = [
  defineMethod('pins.add', { scopes: ['pins:write'], tier: 2 }, onMessage, (slack, args) => {
    const channel = open(slack, args.channel);
    pin(slack, channel, message(channel, args.timestamp), me(slack));
    return {};
  }),
  defineMethod('pins.remove', { scopes: ['pins:write'], tier: 2 }, onMessage, (slack, args) => {
    const channel = open(slack, args.channel);
    unpin(slack, channel, message(channel, args.timestamp), me(slack));
    return {};
  }),
  defineMethod(
    'pins.list',
    { scopes: ['pins:read'], tier: 2 },
    z.object({ channel: word }),
    (slack, args) => {
      const channel = joined(slack, args.channel);
      return { items: channel.pins.map((one) => pinItem(slack, channel, one)) };
    },
  ),
];

export const reactionMethods = [
  defineMethod('reactions.add', { scopes: ['reactions:write'], tier: 3 }, reaction, (slack, args) => {
    const channel = open(slack, args.channel);
    react(slack, channel, message(channel, args.timestamp), me(slack), args.name);
    return {};
  }),
  defineMethod('reactions.remove', { scopes: ['reactions:write'], tier: 2 }, reaction, (slack, args) => {
    const channel = open(slack, args.channel);
    unreact(slack, channel, message(channel, args.timestamp), me(slack), args.name);
    return {};
  }),
  defineMethod(
    'reactions.get',
    { scopes: ['reactions:read'], tier: 3, ignored: ['full'] },
    onMessage,
    (slack, args) => {
      const channel = joined(slack, args.channel);
      const found = message(channel, args.timestamp);
      return {
        type: 'message',
        channel: channel.id,
        message: { ...shown(channel, found), permalink: permalink(slack, channel, found) },
      };
    },
  ),
];

const fields = { title: word.optional(), link: word.optional(), emoji: word.optional() };

export const bookmarkMethods = [
  defineMethod(
    'bookmarks.add',
    { scopes: ['bookmarks:write'], tier: 2 },
    z.object({
      channel_id: word,
      type: word,
      ...fields,
      title: word,
      entity_id: word.optional(),
      parent_id: word.optional(),
    }),
    (slack, args) => {
      const channel = open(slack, args.channel_id);
      if (args.type !== 'link') throw new SlackError('invalid_bookmark_type');
      if (channel.bookmarks.length >= MAX_BOOKMARKS) throw new SlackError('too_many_bookmarks');
      const made = newBookmark(slack, channel, { ...args, link: link(args.link) });
      channel.bookmarks.push(made);
      return { bookmark: made };
    },
  ),
  defineMethod(
    'bookmarks.edit',
    { scopes: ['bookmarks:write'], tier: 2 },
    z.object({ channel_id: word, bookmark_id: word, ...fields }),
    (slack, args) => {
      const found = bookmark(open(slack, args.channel_id), args.bookmark_id);
      if (args.title !== undefined) found.title = args.title;
      if (args.link !== undefined) found.link = link(args.link);
      if (args.emoji !== undefined) found.emoji = args.emoji;
      found.date_updated = seconds(slack);
      found.last_updated_by_user_id = me(slack);
      return { bookmark: found };
    },
  ),
  defineMethod(
    'bookmarks.remove',
    { scopes: ['bookmarks:write'], tier: 2 },
    z.object({ channel_id: word, bookmark_id: word }),
    (slack, args) => {
      const channel = open(slack, args.channel_id);
      const found = bookmark(channel, args.bookmark_id);
      channel.bookmarks = channel.bookmarks.filter((one) => one !== found);
      return {};
    },
  ),
  defineMethod(
    'bookmarks.list',
    { scopes: ['bookmarks:read'], tier: 3 },
    z.object({ channel_id: word }),
    (slack, args) => ({
      bookmarks: joined(slack, args.channel_id).bookmarks,
    }),
  ),
];

function newBookmark(
  slack: Slack,
  channel: Channel,
  args: { title: string; link: string; emoji?: string | undefined; entity_id?: string | undefined },
): Bookmark {
  const { identity, ids } = slack.world;
  return {
    id: ids.next('Bk'),
    channel_id: channel.id,
    title: args.title,
    link: args.link,
    emoji: args.emoji ?? '',
    icon_url: '',
    entity_id: args.entity_id ?? '',
    type: 'link',
    date_created: seconds(slack),
    date_updated: 0,
    rank: `U${channel.bookmarks.length}`,
    last_updated_by_user_id: me(slack),
    last_updated_by_team_id: identity.team.id,
    app_id: identity.appId,
  };
}

function bookmark(channel: Channel, id: string): Bookmark {
  const found = channel.bookmarks.find((one) => one.id === id);
  if (!found) throw new SlackError('bookmark_not_found');
  return found;
}

function link(value: string | undefined): string {
  if (value === undefined || !/^(https?|slack|mailto):/.test(value)) throw new SlackError('invalid_link');
  return value;
}
