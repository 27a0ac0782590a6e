/** Pins and reactions, set by the app or by people, with their events. */
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Channel, Json, Message, Pin } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { emit } from '../wire/events.ts';
import { messageAt } from '../world.ts';
import { permalink, withoutMetadata } from './messages.ts';

const MAX_PINS = 100;

export function pin(slack: Slack, channel: Channel, message: Message, by: string): void {
  if (channel.pins.some((one) => one.ts === message.ts)) throw new SlackError('already_pinned');
  if (channel.pins.length >= MAX_PINS) throw new SlackError('too_many_pins');
  const made: Pin = { ts: message.ts, created: seconds(slack), created_by: by };
  channel.pins.unshift(made);
  message.pinned_to = [channel.id];
  emit(slack, channel, { type: 'pin_added', ...pinEvent(slack, channel, made, by) });
}

export function unpin(slack: Slack, channel: Channel, message: Message, by: string): void {
  const found = channel.pins.find((one) => one.ts === message.ts);
  if (!found) throw new SlackError('no_pin');
  channel.pins = channel.pins.filter((one) => one !== found);
  delete message.pinned_to;
  const gone = pinEvent(slack, channel, found, by);
  emit(slack, channel, { type: 'pin_removed', ...gone, has_pins: channel.pins.length > 0 });
}

function pinEvent(slack: Slack, channel: Channel, made: Pin, by: string): Json {
  return {
    user: by,
    channel_id: channel.id,
    item: pinItem(slack, channel, made),
    item_user: messageAt(channel, made.ts)?.user,
    pin_count: channel.pins.length,
    pinned_info: { channel: channel.id, pinned_by: made.created_by, pinned_ts: made.created },
  };
}

/** A pin as pins.list and the events show it. */
export function pinItem(slack: Slack, channel: Channel, made: Pin): Json {
  const message = messageAt(channel, made.ts);
  return {
    type: 'message',
    created: made.created,
    created_by: made.created_by,
    channel: channel.id,
    ...(message
      ? { message: { ...withoutMetadata(message), permalink: permalink(slack, channel, message) } }
      : {}),
  };
}

export function react(slack: Slack, channel: Channel, message: Message, by: string, name: string): void {
  const reactions = (message.reactions ??= []);
  const found = reactions.find((one) => one.name === name);
  if (found?.users.includes(by)) throw new SlackError('already_reacted');
  if (found) {
    found.users.push(by);
    found.count += 1;
  } else {
    reactions.push({ name, users: [by], count: 1 });
  }
  emit(slack, channel, reactionEvent('reaction_added', channel, message, by, name));
}

export function unreact(slack: Slack, channel: Channel, message: Message, by: string, name: string): void {
  const found = message.reactions?.find((one) => one.name === name);
  if (!found?.users.includes(by)) throw new SlackError('no_reaction');
  found.users = found.users.filter((user) => user !== by);
  found.count -= 1;
  message.reactions = (message.reactions ?? []).filter((one) => one.count > 0);
  emit(slack, channel, reactionEvent('reaction_removed', channel, message, by, name));
}

function reactionEvent(type: string, channel: Channel, message: Message, user: string, reaction: string) {
  const item = { type: 'message', channel: channel.id, ts: message.ts };
  return { type, user, reaction, item, item_user: message.user };
}
