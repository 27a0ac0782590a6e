/** What is said in incidents' channels, and what people mark there: read from Slack's events and handed to the app. */

import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { App } from '../app/app.ts';
import type { HeardMessage } from '../app/capture.ts';
import { refusalText } from '../app/refusal-text.ts';
import { refuse } from '../domain/refusal.ts';
import { timeOf } from '../domain/slack-ts.ts';
import type { Identity, WhoAmI } from './client.ts';
import { heardOf, isOwn, isSpoken, isTombstone, type Place, SlackMessage, versionOf } from './said.ts';

export interface CaptureParts {
  readonly app: App;
  readonly identity: WhoAmI;
}

interface From {
  readonly inboxKey: string | undefined;
}

const MessageEvent = z.object({
  channel: z.string(),
  ts: z.string(),
  event_ts: z.string().optional(),
  subtype: z.string().optional(),
  deleted_ts: z.string().optional(),
  message: z.unknown().optional(),
  previous_message: z.unknown().optional(),
});

/** A message was said, edited or deleted. */
export async function onMessage(event: unknown, { inboxKey }: From, parts: CaptureParts): Promise<void> {
  const { app, identity } = parts;
  const { channel } = MessageEvent.parse(event);
  const incident = await app.incidentOfChannel(channel);
  if (incident === undefined) return;
  const heard = heardIn(event, { incident, channel }, await identity.get());
  if (heard) await app.heard(heard, { inboxKey });
}

function heardIn(event: unknown, place: Place, identity: Identity): HeardMessage | undefined {
  const { subtype, ts, event_ts: heardTs = ts, ...told } = MessageEvent.parse(event);
  const before = SlackMessage.safeParse(told.previous_message).data;
  const at = timeOf(heardTs);
  if (subtype === 'message_deleted')
    return deletion(before, told.deleted_ts ?? before?.ts, at, place, identity);
  if (subtype !== 'message_changed') return spoken(SlackMessage.parse(event), place, identity, heardTs);
  const message = SlackMessage.parse(told.message);
  if (isTombstone(message)) return deletion(before, message.ts, at, place, identity);
  const heard = spoken(message, place, identity, heardTs);
  return heard && { ...heard, versions: [...(before ? [versionOf(before, '')] : []), ...heard.versions] };
}

const spoken = (
  message: SlackMessage,
  place: Place,
  identity: Identity,
  heardTs: string,
): HeardMessage | undefined =>
  isSpoken(message) && !isOwn(message, identity) ? heardOf(message, place, identity, heardTs) : undefined;

/** What it said may come with its deletion, and may be all that is ever heard of it. */
function deletion(
  before: SlackMessage | undefined,
  ts: string | undefined,
  deletedAt: Date,
  place: Place,
  identity: Identity,
): HeardMessage | undefined {
  if (before) {
    const heard = spoken(before, place, identity, '');
    return heard && { ...heard, deletedAt };
  }
  return ts === undefined ? undefined : { ...place, ts, versions: [], deletedAt };
}

const ReactionEvent = z.object({
  user: z.string(),
  reaction: z.string(),
  item: z.object({ type: z.string(), channel: z.string().optional(), ts: z.string().optional() }),
  item_user: z.string().nullish(),
  event_ts: z.string(),
});

/** Somebody put an emoji on a message, or took theirs away. */
export async function onReaction(
  event: unknown,
  on: boolean,
  { inboxKey }: From,
  { app, identity }: CaptureParts,
): Promise<void> {
  const { user, reaction, item, item_user, event_ts: eventTs } = ReactionEvent.parse(event);
  const { channel, ts } = item;
  const name = emojiOf(reaction);
  if (channel === undefined || ts === undefined || !app.settings.capture.emoji.includes(name)) return;
  const incident = await app.incidentOfChannel(channel);
  if (incident === undefined || item_user === (await identity.get()).botUserId) return;
  const mark = { incident, channel, ts, kind: 'reaction', name, user, on, by: user, eventTs } as const;
  await app.marked(mark, { inboxKey });
}

/** A skin tone makes no other emoji of it. */
export const emojiOf = (reaction: string): string => reaction.replace(/::skin-tone-\d$/, '');

const PinEvent = z.object({
  user: z.string(),
  channel_id: z.string(),
  item: z.object({
    type: z.string(),
    created_by: z.string().optional(),
    message: z.unknown().optional(),
  }),
  item_user: z.string().nullish(),
  pinned_info: z.object({ pinned_by: z.string().optional() }).nullish(),
  event_ts: z.string(),
});

/** Somebody pinned a message, or unpinned one: of its own pins the bot needs no telling. */
export async function onPin(
  event: unknown,
  on: boolean,
  { inboxKey }: From,
  { app, identity }: CaptureParts,
): Promise<void> {
  const { user: by, channel_id: channel, item, item_user, pinned_info, event_ts } = PinEvent.parse(event);
  const message = SlackMessage.safeParse(item.message).data;
  if (!message) return;
  const incident = await app.incidentOfChannel(channel);
  if (incident === undefined) return;
  const us = await identity.get();
  if (isOwn(message, us) || item_user === us.botUserId || by === us.botUserId) return;
  const user = pinned_info?.pinned_by ?? item.created_by ?? by;
  const { ts } = message;
  const mark = { incident, channel, ts, kind: 'pin', name: '', user, on, by, eventTs: event_ts } as const;
  await app.marked({ ...mark, said: heardOf(message, { incident, channel }, us) }, { inboxKey });
}

const Shortcut = z.object({
  user: z.object({ id: z.string() }),
  channel: z.object({ id: z.string() }),
  action_ts: z.string(),
  message: SlackMessage,
});

const ADDED = 'Added to the timeline, at its own time.';
const OWN = 'Firebreak wrote this itself: what it says is on the timeline already.';

/** The shortcut "Add to timeline"; answers what the person who clicked reads. */
export async function onAdd(payload: unknown, { inboxKey }: From, parts: CaptureParts): Promise<string> {
  const { app, identity } = parts;
  const { user, channel, action_ts, message } = Shortcut.parse(payload);
  const incident = await app.incidentOfChannel(channel.id);
  if (incident === undefined) return refusalText(refuse('NOT_AN_INCIDENT_CHANNEL'));
  const us = await identity.get();
  if (isOwn(message, us)) return OWN;
  const place = { incident, channel: channel.id };
  const by = { user: user.id, by: user.id, on: true, eventTs: action_ts };
  const done = await app.marked(
    { ...place, ...by, ts: message.ts, kind: 'asked', name: 'shortcut', said: heardOf(message, place, us) },
    { inboxKey },
  );
  return done.ok ? ADDED : refusalText(done);
}

/** `@firebreak note` in a thread: the message that the thread hangs on. */
export async function addParent(
  { channel, thread, user, ts }: { channel: string; thread: string; user: string; ts: string },
  { inboxKey }: From,
  { app, identity, client }: CaptureParts & { readonly client: WebClient },
): Promise<string> {
  const incident = await app.incidentOfChannel(channel);
  if (incident === undefined) return refusalText(refuse('NOT_AN_INCIDENT_CHANNEL'));
  const parent = await threadParent(client, channel, thread);
  if (parent && isOwn(parent, await identity.get())) return OWN;
  const by = { user, by: user, on: true, eventTs: ts };
  const done = await app.marked(
    { incident, channel, ts: thread, kind: 'asked', name: 'mention', ...by },
    { inboxKey },
  );
  return done.ok ? ADDED : refusalText(done);
}

/** Unreadable, it is marked all the same: what becomes of it is found out later. */
async function threadParent(
  client: WebClient,
  channel: string,
  thread: string,
): Promise<SlackMessage | undefined> {
  const { messages } = await client.conversations
    .replies({ channel, ts: thread, limit: 1 })
    .catch(() => ({ messages: [] }));
  const parent = SlackMessage.safeParse(messages?.[0]).data;
  return parent?.ts === thread ? parent : undefined;
}
