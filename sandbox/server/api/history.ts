/** What was said in a channel and in a thread. */
import { z } from 'zod';
import { repliesTo, shown } from '../acts/messages.ts';
import type { Message } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { count, defineMethod, flag, joined, needScope, page, word } from './define.ts';

const READ = { public: 'channels:history', private: 'groups:history', im: 'im:history' } as const;
const MAX_LIMIT = 1000;

const range = {
  channel: word,
  oldest: word.optional(),
  latest: word.optional(),
  inclusive: flag,
  cursor: word.optional(),
  limit: count,
  include_all_metadata: flag,
};

export const historyMethods = [
  defineMethod(
    'conversations.history',
    { scopes: Object.values(READ), tier: 3 },
    z.object(range),
    (slack, args) => {
      const channel = joined(slack, args.channel);
      needScope(slack, channel, READ);
      const top = channel.messages.filter((one) => isTopLevel(one) && within(one.ts, args)).reverse();
      const { items, next } = page(top, args.cursor, limitOf(args.limit, 100));
      return {
        messages: items.map((one) => shown(channel, one, args.include_all_metadata)),
        has_more: next !== '',
        pin_count: channel.pins.length,
        ...(next === '' ? {} : { response_metadata: { next_cursor: next } }),
      };
    },
  ),
  defineMethod(
    'conversations.replies',
    { scopes: Object.values(READ), tier: 3 },
    z.object({ ...range, ts: word }),
    (slack, args) => {
      const channel = joined(slack, args.channel);
      needScope(slack, channel, READ);
      const parent = channel.messages.find((one) => one.ts === args.ts);
      if (!parent) throw new SlackError('thread_not_found');
      const replies = repliesTo(channel, parent.ts).filter((one) => within(one.ts, args));
      const { items, next } = page(replies, args.cursor, limitOf(args.limit, 1000));
      return {
        messages: [parent, ...items].map((one) => shown(channel, one, args.include_all_metadata)),
        has_more: next !== '',
        ...(next === '' ? {} : { response_metadata: { next_cursor: next } }),
      };
    },
  ),
];

/** Replies are in history only when they were also sent to the channel. */
function isTopLevel(message: Message): boolean {
  return (
    message.thread_ts === undefined ||
    message.thread_ts === message.ts ||
    message.subtype === 'thread_broadcast'
  );
}

function within(
  ts: string,
  range: { oldest?: string | undefined; latest?: string | undefined; inclusive?: boolean | undefined },
): boolean {
  const at = Number(ts);
  const oldest = Number(range.oldest ?? 0);
  const latest = Number(range.latest ?? Number.POSITIVE_INFINITY);
  if (range.inclusive) return at >= oldest && at <= latest;
  return at > oldest && at < latest;
}

function limitOf(limit: number | undefined, preset: number): number {
  if (limit !== undefined && limit > MAX_LIMIT) throw new SlackError('invalid_limit');
  return limit ?? preset;
}
