/** What the app says in an ack or through a response URL: shown to one person or to the channel. */
import { z } from 'zod';
import { checked } from '../api/chat.ts';
import type { Slack } from '../context.ts';
import type { Channel, Message } from '../model.ts';
import { SlackError } from '../refusal.ts';
import type { Target } from '../wire/links.ts';
import { messageAt, SLACKBOT } from '../world.ts';
import { botMessage, edit, post, remove, whisper } from './messages.ts';

export const saidShape = z.object({
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  attachments: z.array(z.unknown()).optional(),
  metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
  response_type: z.enum(['ephemeral', 'in_channel']).optional(),
  replace_original: z.coerce.boolean().optional(),
  delete_original: z.coerce.boolean().optional(),
  thread_ts: z.string().optional(),
});
type Said = z.infer<typeof saidShape>;

/** Carries out what was said, and tells whoever is watching. */
export function say(slack: Slack, target: Target, said: Said, kind: 'ack' | 'response_url'): void {
  const channel = slack.world.channels.get(target.channel);
  if (!channel) throw new SlackError('channel_not_found');
  if (said.delete_original) {
    erase(slack, channel, target);
    return;
  }
  const draft = checked(said);
  slack.watchers.tell({ user: target.user }, { kind, text: draft.text, blocks: draft.blocks });
  if (said.replace_original && target.messageTs !== undefined) {
    replace(slack, channel, target, said);
    return;
  }
  const { thread_ts } = said;
  const message = botMessage(slack, { ...draft, thread_ts });
  if (said.response_type === 'in_channel') post(slack, channel, message);
  else whisper(channel, target.user, message);
}

function original(channel: Channel, target: Target): Message | undefined {
  const ts = target.messageTs ?? '';
  return messageAt(channel, ts) ?? channel.ephemerals.find(({ message }) => message.ts === ts)?.message;
}

function replace(slack: Slack, channel: Channel, target: Target, said: Said): void {
  const found = original(channel, target);
  if (!found) throw new SlackError('message_not_found');
  const { text, blocks } = checked(said);
  if (channel.messages.includes(found))
    edit(slack, channel, found, slack.world.identity.botUser, { text, blocks });
  else Object.assign(found, { text, blocks });
}

function erase(slack: Slack, channel: Channel, target: Target): void {
  const found = original(channel, target);
  if (!found) return;
  if (channel.messages.includes(found)) remove(slack, channel, found);
  channel.ephemerals = channel.ephemerals.filter(({ message }) => message !== found);
}

/** What Slack itself tells a person whose command the app did not take. */
export function tellFailure(
  slack: Slack,
  channel: Channel,
  user: string,
  command: string,
  reason: string,
): void {
  const text = `${command} failed with the error "${reason}"`;
  whisper(channel, user, { type: 'message', user: SLACKBOT, text, ts: slack.world.ts() });
  slack.watchers.tell({ user }, { kind: 'ephemeral', text, channel: channel.id });
}
