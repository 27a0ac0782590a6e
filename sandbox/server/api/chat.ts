/** Messages of the app. */
import { z } from 'zod';
import { botMessage, type Draft, edit, permalink, post, remove, shown, whisper } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import { type Block, type Channel, type Json, type Message, without } from '../model.ts';
import { invalid, SlackError } from '../refusal.ts';
import { blockFaults, isJson, messageFaults } from '../rules/blocks.ts';
import { messageAt } from '../world.ts';
import { defineMethod, embedded, flag, joined, message, postable, visible, word } from './define.ts';

const MAX_TEXT = 40_000;
const MAX_BLOCKS = 50;
const scopes = ['chat:write'];

/** Looks that this Slack does not draw. */
export const IGNORED = [
  'as_user',
  'icon_emoji',
  'icon_url',
  'link_names',
  'mrkdwn',
  'parse',
  'unfurl_links',
  'unfurl_media',
  'username',
];

const content = {
  channel: word,
  text: word.optional(),
  markdown_text: word.optional(),
  blocks: embedded(z.array(z.unknown()).optional()),
  attachments: embedded(z.array(z.unknown()).optional()),
  metadata: embedded(
    z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
  ),
};
export const posting = z.object({
  ...content,
  thread_ts: word.optional(),
  reply_broadcast: flag,
});

export const chatMethods = [
  defineMethod('chat.postMessage', { scopes, tier: 'posting', ignored: IGNORED }, posting, (slack, args) => {
    const channel = postable(slack, args.channel);
    const posted = post(slack, channel, botMessage(slack, { ...checked(args), ...threaded(channel, args) }));
    return { channel: channel.id, ts: posted.ts, message: shown(channel, posted, true) };
  }),
  defineMethod(
    'chat.update',
    { scopes, tier: 3, ignored: [...IGNORED, 'reply_broadcast'] },
    z.object({ ...content, ts: word }),
    (slack, args) => {
      const channel = joined(slack, args.channel);
      const target = own(slack, message(channel, args.ts), 'cant_update_message');
      const draft = checked(args);
      const { blocks, attachments, metadata, files } = target;
      // Text alone replaces the blocks too: what is shown would otherwise stay as it was.
      const kept = { blocks: args.text === undefined ? blocks : undefined, attachments, metadata, files };
      const change = { text: args.text ?? target.text, blocks: draft.blocks ?? kept.blocks };
      edit(slack, channel, target, slack.world.identity.botUser, {
        ...kept,
        ...change,
        ...(draft.attachments ? { attachments: draft.attachments } : {}),
        ...(draft.metadata ? { metadata: draft.metadata } : {}),
      });
      return { channel: channel.id, ts: target.ts, text: target.text, message: updated(target) };
    },
  ),
  defineMethod(
    'chat.delete',
    { scopes, tier: 3, ignored: ['as_user'] },
    z.object({ channel: word, ts: word }),
    (slack, args) => {
      const channel = joined(slack, args.channel);
      remove(slack, channel, own(slack, message(channel, args.ts), 'cant_delete_message'));
      return { channel: channel.id, ts: args.ts };
    },
  ),
  defineMethod(
    'chat.postEphemeral',
    { scopes, tier: 4, ignored: IGNORED },
    z.object({ ...content, user: word, thread_ts: word.optional() }),
    (slack, args) => {
      const channel = postable(slack, args.channel);
      if (!channel.members.has(args.user)) throw new SlackError('user_not_in_channel');
      const said = whisper(
        channel,
        args.user,
        botMessage(slack, { ...checked(args), ...threaded(channel, args) }),
      );
      const { text, blocks, ts } = said;
      slack.watchers.tell({ user: args.user }, { kind: 'ephemeral', text, blocks, channel: channel.id, ts });
      return { message_ts: said.ts };
    },
  ),
  defineMethod(
    'chat.getPermalink',
    { tier: 'special' },
    z.object({ channel: word, message_ts: word }),
    (slack, args) => {
      const channel = visible(slack, args.channel);
      return { channel: channel.id, permalink: permalink(slack, channel, message(channel, args.message_ts)) };
    },
  ),
];

const MAX_MARKDOWN = 12_000;
type Content = Pick<z.infer<typeof posting>, 'text' | 'blocks' | 'attachments' | 'metadata'> & {
  readonly markdown_text?: string | undefined;
};

/** Refuses what Slack would refuse, also for response URLs. */
export function checked({ markdown_text, ...given }: Content): Draft {
  if (markdown_text === undefined) return checkedText(given);
  if (given.text !== undefined || given.blocks) throw new SlackError('markdown_text_conflict');
  if (markdown_text.length > MAX_MARKDOWN) throw new SlackError('msg_too_long');
  return checkedText({ ...given, text: markdown_text });
}

function checkedText({ text, blocks, attachments, metadata }: Content): Draft {
  const filled = (text ?? '').trim() !== '' || (blocks ?? []).length > 0 || (attachments ?? []).length > 0;
  if (!filled) throw new SlackError('no_text');
  if ((text ?? '').length > MAX_TEXT) throw new SlackError('msg_too_long');
  const faults = [
    ...blockFaults(blocks ?? [], MAX_BLOCKS),
    ...messageFaults(blocks ?? []),
    ...(attachments ?? []).flatMap((one, index) =>
      isJson(one) && Array.isArray(one['blocks'])
        ? blockFaults(one['blocks'], MAX_BLOCKS, `/attachments/${index}/blocks`)
        : [],
    ),
  ];
  if (faults.length > 0) throw invalid('invalid_blocks', faults);
  return { text: text ?? '', blocks: blocks as Block[] | undefined, attachments, metadata };
}

/**
 * The thread a message goes to. Slack refuses no `thread_ts` that has the form of one: a message whose parent is
 * gone lands in the channel, and its answer lacks `thread_ts`.
 */
export function threaded(
  channel: Channel,
  args: { thread_ts?: string | undefined; reply_broadcast?: boolean | undefined },
): Pick<Draft, 'thread_ts' | 'reply_broadcast'> {
  const { thread_ts, reply_broadcast } = args;
  if (thread_ts === undefined || thread_ts === '') return {};
  if (!/^\d+\.\d+$/.test(thread_ts)) throw new SlackError('invalid_thread_ts');
  const parent = messageAt(channel, thread_ts);
  return parent ? { thread_ts: parent.thread_ts ?? parent.ts, reply_broadcast } : {};
}

/** Slack answers the new content, not the place. */
function updated(target: Message): Json {
  return { ...without(target, 'ts', 'thread_ts', 'parent_user_id', 'reactions', 'pinned_to') };
}

function own(slack: Slack, target: Message, error: string): Message {
  if (target.bot_id !== slack.world.identity.botId) throw new SlackError(error);
  return target;
}
