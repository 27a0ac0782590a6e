/** Everything there is, as one answer; `?as=NAME` shows what that person sees. */
import { z } from 'zod';
import { canvasText } from '../acts/canvases.ts';
import { textOf } from '../acts/files.ts';
import { pinItem } from '../acts/marks.ts';
import { shown } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import type { Channel, Json, StoredFile, User, UserGroup } from '../model.ts';
import { anyUser, name, route } from './input.ts';

export const stateRoute = route(z.object({ as: name.optional() }), (slack, input) => {
  const viewer = input.as === undefined ? undefined : anyUser(slack, input.as);
  const { users, groups, channels, stacks, homes } = slack.world;
  const seen = [...channels.values()].filter(
    (one) => !viewer || one.kind === 'public' || one.members.has(viewer.id),
  );
  const mine = ([user]: readonly [string, unknown]) => !viewer || user === viewer.id;
  return {
    users: [...users.values()].map(userState),
    usergroups: [...groups.values()].map(groupState),
    channels: seen.map((channel) => channelState(slack, channel, viewer)),
    views: [...stacks].filter(mine).flatMap(([user, stack]) => stack.map((view) => ({ user, ...view }))),
    homes: [...homes].filter(mine).map(([user, view]) => ({ user, ...view })),
    connections: slack.hub.connections(),
    now: new Date(slack.clock.now()).toISOString(),
  };
});

export function groupState({ id, handle, name: label, users, deleted }: UserGroup): Json {
  return { id, handle, name: label, users, disabled: deleted !== 0 };
}

export function userState(user: User): Json {
  const { id, realName, kind, deactivated } = user;
  return { id, name: user.name, real_name: realName, kind, deactivated, is_bot: kind === 'bot' };
}

function channelState(slack: Slack, channel: Channel, viewer: User | undefined): Json {
  const names = [...channel.members].map((id) => slack.world.users.get(id)?.name ?? id);
  const whispers = channel.ephemerals.filter(({ user }) => !viewer || user === viewer.id);
  return {
    id: channel.id,
    name: channel.name,
    is_private: channel.kind !== 'public',
    is_im: channel.kind === 'im',
    is_archived: channel.archived,
    topic: channel.topic.value,
    purpose: channel.purpose.value,
    members: [...channel.members],
    member_names: names,
    messages: channel.messages.map((one) => shown(channel, one, true)),
    ephemerals: whispers.map(({ user, message }) => ({ ...message, to: user })),
    pins: channel.pins.map((pin) => ({ ...pinItem(slack, channel, pin), ts: pin.ts })),
    bookmarks: channel.bookmarks,
    files: filesIn(slack, channel),
    canvas: canvasIn(slack, channel),
  };
}

function canvasIn(slack: Slack, channel: Channel): Json | null {
  const canvas = [...slack.world.canvases.values()].find((one) => one.channel === channel.id);
  return canvas ? { id: canvas.id, title: canvas.title, markdown: canvasText(canvas) } : null;
}

function filesIn(slack: Slack, channel: Channel): Json[] {
  const here = (file: StoredFile) => file.shares.some((share) => share.channel === channel.id);
  return [...slack.world.files.values()].filter(here).map((file) => {
    const content = textOf(file);
    const { id, title, size, owner } = file;
    return { id, name: file.name, title, size, user: owner, ...(content === undefined ? {} : { content }) };
  });
}
