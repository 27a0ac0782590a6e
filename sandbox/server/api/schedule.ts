/** Messages for later, posted when the local Slack's clock gets there. */
import { z } from 'zod';
import { botMessage, post } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { without } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { checked, IGNORED, posting, threaded } from './chat.ts';
import { count, defineMethod, page, postable, word } from './define.ts';

const FARTHEST_S = 120 * 24 * 3600;
const scopes = ['chat:write'];

export const scheduleMethods = [
  defineMethod(
    'chat.scheduleMessage',
    { scopes, tier: 3, ignored: IGNORED },
    posting.extend({ post_at: z.coerce.number().int() }),
    (slack, args) => {
      const channel = postable(slack, args.channel);
      const wait = args.post_at - seconds(slack);
      if (wait <= 0) throw new SlackError('time_in_past');
      if (wait > FARTHEST_S) throw new SlackError('time_too_far');
      const draft = { ...checked(args), ...threaded(channel, args) };
      const { world } = slack;
      const id = world.ids.next('Q');
      const cancel = slack.clock.after(wait * 1000, () => {
        world.scheduled.delete(id);
        // A channel that was archived meanwhile takes nothing, and a reset forgets what was planned.
        if (slack.world === world && !channel.archived) post(slack, channel, botMessage(slack, draft));
      });
      const { post_at } = args;
      world.scheduled.set(id, { channel: channel.id, postAt: post_at, text: draft.text, cancel });
      const message = without(botMessage(slack, draft), 'ts');
      return { scheduled_message_id: id, channel: channel.id, post_at, message };
    },
  ),
  defineMethod(
    'chat.deleteScheduledMessage',
    { scopes, tier: 3, ignored: ['as_user'] },
    z.object({ channel: word, scheduled_message_id: word }),
    (slack, { channel, scheduled_message_id: id }) => {
      const found = slack.world.scheduled.get(id);
      if (found?.channel !== channel) throw new SlackError('invalid_scheduled_message_id');
      found.cancel();
      slack.world.scheduled.delete(id);
      return {};
    },
  ),
  defineMethod(
    'chat.scheduledMessages.list',
    { tier: 3 },
    z.object({ channel: word.optional(), cursor: word.optional(), limit: count }),
    (slack, args) => {
      const { items, next } = page(planned(slack, args.channel), args.cursor, args.limit ?? 100);
      return { scheduled_messages: items, response_metadata: { next_cursor: next } };
    },
  ),
];

function planned(slack: Slack, channel: string | undefined) {
  return [...slack.world.scheduled]
    .filter(([, one]) => channel === undefined || one.channel === channel)
    .map(([id, { channel: channel_id, postAt: post_at, text }]) => ({ id, channel_id, post_at, text }));
}
