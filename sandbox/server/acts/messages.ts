/** Posting, editing and deleting messages, with the events that follow; used by the app and by people. */
import { randomUUID } from 'node:crypto';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import {
  type Block,
  type Channel,
  type Json,
  type Message,
  type Metadata,
  type User,
  without,
} from '../model.ts';
import { channelType, emit } from '../wire/events.ts';
import { directMessage, FOREIGN_TEAM, messageAt, SLACKBOT } from '../world.ts';
import { richText } from './mentions.ts';

export interface Draft {
  readonly text: string;
  readonly blocks?: Block[] | undefined;
  readonly attachments?: unknown[] | undefined;
  readonly thread_ts?: string | undefined;
  readonly reply_broadcast?: boolean | undefined;
  readonly metadata?: Metadata | undefined;
  readonly files?: Json[] | undefined;
}

/** What the app itself posts. */
export function botMessage(slack: Slack, draft: Draft): Message {
  const { identity } = slack.world;
  return {
    user: identity.botUser,
    type: 'message',
    ts: slack.world.ts(),
    bot_id: identity.botId,
    app_id: identity.appId,
    text: draft.text,
    team: identity.team.id,
    bot_profile: botProfile(slack),
    ...content(slack, draft),
  };
}

export function userMessage(slack: Slack, user: User, draft: Draft): Message {
  return {
    user: user.id,
    type: 'message',
    ts: slack.world.ts(),
    client_msg_id: randomUUID(),
    text: draft.text,
    team: slack.world.identity.team.id,
    ...(user.kind === 'foreign' ? { user_team: FOREIGN_TEAM, source_team: FOREIGN_TEAM } : {}),
    ...content(slack, { ...draft, blocks: draft.blocks ?? richText(slack, draft.text) }),
  };
}

function content(slack: Slack, draft: Draft): Partial<Message> {
  const blocks = draft.blocks?.map((block) => withId(slack, block));
  return {
    ...(blocks && blocks.length > 0 ? { blocks } : {}),
    ...(draft.attachments ? { attachments: draft.attachments } : {}),
    ...(draft.metadata ? { metadata: draft.metadata } : {}),
    ...(draft.thread_ts === undefined ? {} : { thread_ts: draft.thread_ts }),
    ...(draft.reply_broadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(draft.files
      ? { files: draft.files, upload: true, display_as_bot: false, subtype: 'file_share' }
      : {}),
  };
}

export function withId(slack: Slack, block: Block): Block {
  return { ...block, block_id: block.block_id ?? slack.world.ids.next('').slice(-5) };
}

function botProfile(slack: Slack): Json {
  const { identity, users } = slack.world;
  const icon = (size: number) => `${slack.url()}/icons/bot_${size}.png`;
  return {
    id: identity.botId,
    deleted: false,
    name: users.get(identity.botUser)?.name,
    updated: users.get(identity.botUser)?.updated,
    app_id: identity.appId,
    icons: { image_36: icon(36), image_48: icon(48), image_72: icon(72) },
    team_id: identity.team.id,
  };
}

/** Puts a message into its channel and tells everyone who is there. */
export function post(slack: Slack, channel: Channel, message: Message): Message {
  const parent = message.thread_ts === undefined ? undefined : messageAt(channel, message.thread_ts);
  if (parent) {
    parent.thread_ts = parent.ts;
    message.parent_user_id = parent.user;
  }
  channel.messages.push(message);
  emit(slack, channel, messageEvent(channel, message));
  const mention = `<@${slack.world.identity.botUser}>`;
  if (message.text.includes(mention) && message.bot_id === undefined && channel.kind !== 'im') {
    emit(slack, channel, mentionEvent(channel, message));
  }
  if (message.bot_id !== undefined) {
    const { text, blocks, ts } = message;
    const audience = channel.peer === undefined ? { channel: channel.id } : { user: channel.peer };
    slack.watchers.tell(audience, { kind: 'message', text, blocks, channel: channel.id, ts });
  }
  return message;
}

function messageEvent(channel: Channel, message: Message): Json & { type: string } {
  const visible = without(message, 'metadata', 'reactions', 'pinned_to');
  return { ...visible, channel: channel.id, event_ts: message.ts, channel_type: channelType(channel) };
}

function mentionEvent(channel: Channel, message: Message): Json & { type: string } {
  const { user, ts, client_msg_id, text, team, blocks, thread_ts, parent_user_id } = message;
  const said = { user, ts, client_msg_id, text, team, blocks, thread_ts, parent_user_id };
  return { ...said, type: 'app_mention', channel: channel.id, event_ts: ts };
}

/** A line that Slack itself writes, like "has joined the channel". */
export function systemMessage(
  slack: Slack,
  channel: Channel,
  user: string,
  subtype: string,
  words: string,
  more: Partial<Message> = {},
): void {
  const message: Message = {
    subtype,
    user,
    text: `<@${user}> ${words}`,
    type: 'message',
    ts: slack.world.ts(),
    ...more,
  };
  channel.messages.push(message);
  emit(slack, channel, {
    ...message,
    channel: channel.id,
    event_ts: message.ts,
    channel_type: channelType(channel),
  });
}

export type Change = Partial<Pick<Message, 'text' | 'blocks' | 'attachments' | 'metadata' | 'files'>>;

export function edit(slack: Slack, channel: Channel, message: Message, editor: string, change: Change): void {
  const previous = withoutMetadata(message);
  const blocks = change.blocks?.map((block) => withId(slack, block));
  if (change.blocks) forget(slack, channel, message);
  Object.assign(message, change, blocks ? { blocks } : {}, {
    edited: { user: editor, ts: slack.world.ts() },
  });
  emit(slack, channel, {
    type: 'message',
    subtype: 'message_changed',
    message: withoutMetadata(message),
    previous_message: previous,
    channel: channel.id,
    hidden: true,
    ts: slack.world.ts(),
    channel_type: channelType(channel),
  });
  if (message.bot_id !== undefined) {
    const { text, ts } = message;
    const audience = channel.peer === undefined ? { channel: channel.id } : { user: channel.peer };
    slack.watchers.tell(audience, { kind: 'message', text, blocks: message.blocks, channel: channel.id, ts });
  }
}

/** Events never carry the metadata that the app itself gave. */
export function withoutMetadata(message: Message): Omit<Message, 'metadata'> {
  return structuredClone(without(message, 'metadata'));
}

/** A message with replies leaves a tombstone, so that its thread stays; any other is gone. */
export function remove(slack: Slack, channel: Channel, message: Message): void {
  channel.pins = channel.pins.filter((pin) => pin.ts !== message.ts);
  forget(slack, channel, message);
  if (repliesTo(channel, message.ts).length > 0) {
    bury(slack, channel, message);
    return;
  }
  channel.messages.splice(channel.messages.indexOf(message), 1);
  emit(slack, channel, {
    type: 'message',
    subtype: 'message_deleted',
    previous_message: withoutMetadata(message),
    channel: channel.id,
    hidden: true,
    deleted_ts: message.ts,
    ts: slack.world.ts(),
    channel_type: channelType(channel),
  });
}

function bury(slack: Slack, channel: Channel, message: Message): void {
  const previous = withoutMetadata(message);
  const { ts, thread_ts } = message;
  const tombstone: Message = {
    type: 'message',
    subtype: 'tombstone',
    user: SLACKBOT,
    text: 'This message was deleted.',
    hidden: true,
    ts,
    thread_ts,
  };
  channel.messages[channel.messages.indexOf(message)] = tombstone;
  emit(slack, channel, {
    type: 'message',
    subtype: 'message_changed',
    message: shown(channel, tombstone),
    previous_message: previous,
    channel: channel.id,
    hidden: true,
    ts: slack.world.ts(),
    channel_type: channelType(channel),
  });
}

/** What people chose in the menus of a message goes with its blocks. */
function forget(slack: Slack, channel: Channel, message: Message): void {
  const { chosen } = slack.world;
  for (const key of chosen.keys()) if (key.startsWith(`${channel.id}:${message.ts}:`)) chosen.delete(key);
}

export function whisper(channel: Channel, user: string, message: Message): Message {
  channel.ephemerals.push({ user, message });
  return message;
}

export function repliesTo(channel: Channel, ts: string): Message[] {
  return channel.messages.filter((message) => message.thread_ts === ts && message.ts !== ts);
}

/** A message as history shows it: with the numbers of its thread, and metadata only on request. */
export function shown(channel: Channel, message: Message, withMetadata = false): Json {
  const { metadata, ...rest } = message;
  return {
    ...rest,
    ...(withMetadata && metadata ? { metadata } : {}),
    ...(message.thread_ts === message.ts ? threadNumbers(repliesTo(channel, message.ts)) : {}),
  };
}

function threadNumbers(replies: readonly Message[]): Json {
  const users = [...new Set(replies.map((reply) => reply.user))];
  return {
    reply_count: replies.length,
    reply_users_count: users.length,
    latest_reply: replies.at(-1)?.ts,
    reply_users: users.slice(0, 5),
    is_locked: false,
    subscribed: false,
  };
}

export function permalink(slack: Slack, channel: Channel, message: Message): string {
  const base = `${slack.url()}/archives/${channel.id}/p${message.ts.replace('.', '')}`;
  const { thread_ts } = message;
  return thread_ts === undefined || thread_ts === message.ts
    ? base
    : `${base}?thread_ts=${thread_ts}&cid=${channel.id}`;
}

/** The channel a post goes to: a channel, or a user's direct message. */
export function destination(slack: Slack, nameOrId: string): Channel | undefined {
  const user = nameOrId.startsWith('U') ? slack.world.users.get(nameOrId) : undefined;
  if (user && user.kind !== 'bot') return directMessage(slack.world, user, seconds(slack));
  return slack.world.channels.get(nameOrId);
}
