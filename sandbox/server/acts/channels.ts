/** What can happen to a channel, with the events and system messages that follow. */
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Channel, User } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { checkName } from '../rules/names.ts';
import { channelLetter, emit } from '../wire/events.ts';
import { newChannel, teamOf } from '../world.ts';
import { systemMessage } from './messages.ts';

export function createChannel(slack: Slack, creator: string, name: string, isPrivate: boolean): Channel {
  checkName(name);
  requireFreeName(slack, name);
  const kind = isPrivate ? 'private' : 'public';
  const channel = newChannel(slack.world.ids.next('C'), kind, name, creator, seconds(slack));
  slack.world.channels.set(channel.id, channel);
  if (!isPrivate) {
    const { id, created } = channel;
    const shown = { id, is_channel: true, name, name_normalized: name, created, creator };
    emit(slack, channel, { type: 'channel_created', channel: shown }, 'everyone');
  }
  join(slack, channel, creator);
  return channel;
}

/** Archived channels keep their names too. */
function requireFreeName(slack: Slack, name: string): void {
  const taken = [...slack.world.channels.values()].some((channel) => channel.name === name);
  if (taken) throw new SlackError('name_taken');
}

export function join(slack: Slack, channel: Channel, user: string, inviter?: string): void {
  if (channel.members.has(user)) return;
  channel.members.add(user);
  const isGroup = channel.kind === 'private';
  emit(slack, channel, {
    type: 'member_joined_channel',
    user,
    channel: channel.id,
    channel_type: channelLetter(channel),
    team: teamOf(slack.world, user),
    ...(inviter === undefined ? {} : { inviter }),
  });
  systemMessage(
    slack,
    channel,
    user,
    isGroup ? 'group_join' : 'channel_join',
    isGroup ? 'has joined the group' : 'has joined the channel',
    inviter === undefined ? {} : { inviter },
  );
}

export function leave(slack: Slack, channel: Channel, user: string): void {
  emit(slack, channel, {
    type: 'member_left_channel',
    user,
    channel: channel.id,
    channel_type: channelLetter(channel),
    team: teamOf(slack.world, user),
  });
  channel.members.delete(user);
  const isGroup = channel.kind === 'private';
  systemMessage(slack, channel, user, isGroup ? 'group_leave' : 'channel_leave', 'has left the channel');
}

export function rename(slack: Slack, channel: Channel, by: string, name: string): void {
  checkName(name);
  if (name !== channel.name) requireFreeName(slack, name);
  const oldName = channel.name;
  channel.previousNames.unshift(oldName);
  channel.name = name;
  touch(slack, channel);
  const group = channel.kind === 'private';
  emit(
    slack,
    channel,
    {
      type: group ? 'group_rename' : 'channel_rename',
      channel: {
        id: channel.id,
        is_channel: !group,
        is_mpim: false,
        name,
        name_normalized: name,
        created: channel.created,
      },
    },
    group ? 'members' : 'everyone',
  );
  systemMessage(
    slack,
    channel,
    by,
    group ? 'group_name' : 'channel_name',
    `has renamed the channel from "${oldName}" to "${name}"`,
    {
      old_name: oldName,
      name,
    },
  );
}

export function setNote(
  slack: Slack,
  channel: Channel,
  by: string,
  field: 'topic' | 'purpose',
  value: string,
): void {
  if (value.length > 250) throw new SlackError('too_long');
  channel[field] = { value, creator: by, last_set: seconds(slack) };
  touch(slack, channel);
  const prefix = channel.kind === 'private' ? 'group' : 'channel';
  const words = value === '' ? `cleared the channel ${field}` : `set the channel ${field}: ${value}`;
  systemMessage(slack, channel, by, `${prefix}_${field}`, words, { [field]: value });
}

export function setArchived(slack: Slack, channel: Channel, by: string, archived: boolean): void {
  const word = archived ? 'archive' : 'unarchive';
  const group = channel.kind === 'private';
  // The line in the channel is written before an archive closes it, and after an unarchive opens it.
  channel.archived = false;
  systemMessage(slack, channel, by, `${group ? 'group' : 'channel'}_${word}`, `${word}d the channel`);
  channel.archived = archived;
  touch(slack, channel);
  emit(
    slack,
    channel,
    {
      type: `${group ? 'group' : 'channel'}_${word}`,
      channel: channel.id,
      user: by,
      ...(archived ? { is_moved: 0 } : {}),
    },
    group ? 'members' : 'everyone',
  );
}

function touch(slack: Slack, channel: Channel): void {
  channel.updated = slack.clock.now();
}

/** A person who acts in a public channel joins it first; a private one has to let them in. */
export function mayAct(slack: Slack, channel: Channel, user: User): 'yes' | 'is_archived' | 'not_in_channel' {
  if (channel.archived) return 'is_archived';
  if (channel.members.has(user.id)) return 'yes';
  // Guests and people of another workspace see only what they were invited to.
  if (channel.kind !== 'public' || user.kind !== 'member') return 'not_in_channel';
  join(slack, channel, user.id);
  return 'yes';
}
