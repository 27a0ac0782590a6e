/** Who is there: users, channels and their members. */
import { z } from 'zod';
import { createChannel, join, setArchived } from '../acts/channels.ts';
import { changeGroup, createGroup, setMembers } from '../acts/groups.ts';
import { shownUser } from '../api/users.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { User } from '../model.ts';
import { ControlError, SlackError } from '../refusal.ts';
import { emit } from '../wire/events.ts';
import { addUser, channelNamed, userNamed } from '../world.ts';
import { actor, anyUser, name, route, stage } from './input.ts';
import { groupState, userState } from './state.ts';

const groupFields = {
  handle: z.string().regex(/^[a-z0-9._-]+$/),
  name: name.optional(),
  users: z.array(name).optional(),
};

export const addGroupRoute = route(
  z.object({ ...groupFields, users: z.array(name).default([]) }),
  (slack, { handle, name: label = handle, users }) =>
    asControl(() => {
      const by = slack.world.identity.botUser;
      const group = createGroup(slack, by, { name: label, handle });
      setMembers(
        slack,
        by,
        group,
        users.map((one) => anyUser(slack, one).id),
      );
      return groupState(group);
    }),
);

const changedGroup = z.object({ ...groupFields, disabled: z.boolean().optional() });

export const changeGroupRoute = route(changedGroup, (slack, { handle, name: label, users, disabled }) =>
  asControl(() => {
    const by = slack.world.identity.botUser;
    const group = [...slack.world.groups.values()].find((one) => one.handle === handle);
    if (!group) throw new ControlError(400, 'no_such_subteam', `there is no user group @${handle}`);
    if (label !== undefined) changeGroup(slack, by, group, { name: label });
    if (disabled !== undefined) changeGroup(slack, by, group, { deleted: disabled ? seconds(slack) : 0 });
    if (users)
      setMembers(
        slack,
        by,
        group,
        users.map((one) => anyUser(slack, one).id),
      );
    return groupState(group);
  }),
);

/** What Slack refuses is the caller's mistake here. */
function asControl<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof SlackError) throw new ControlError(400, error.code, `Slack says ${error.code}`);
    throw error;
  }
}

const kind = z.enum(['member', 'guest', 'foreign']);

export const addUserRoute = route(
  z.object({
    name: z.string().regex(/^[a-z0-9._-]+$/),
    kind: kind.default('member'),
    deactivated: z.boolean().default(false),
  }),
  (slack, input) => {
    if (userNamed(slack.world, input.name))
      throw new ControlError(400, 'name_taken', `${input.name} is there already`);
    const user = addUser(slack.world, input.name, input.kind, seconds(slack));
    user.deactivated = input.deactivated;
    emit(slack, undefined, { type: 'team_join', user: shownUser(slack, user) });
    return userState(user);
  },
);

export const changeUserRoute = route(
  z.object({ name, kind: kind.optional(), deactivated: z.boolean().optional() }),
  (slack, input) => changed(slack, anyUser(slack, input.name), input),
);

function changed(
  slack: Slack,
  user: User,
  to: { kind?: User['kind'] | undefined; deactivated?: boolean | undefined },
) {
  if (to.kind) user.kind = to.kind;
  user.deactivated = to.deactivated ?? user.deactivated;
  user.updated = seconds(slack);
  emit(slack, undefined, { type: 'user_change', user: shownUser(slack, user) });
  return userState(user);
}

export const addChannelRoute = route(
  z.object({ user: name, name, is_private: z.boolean().default(false) }),
  (slack, input) => {
    const user = actor(slack, input.user);
    const channel = asControl(() => createChannel(slack, user.id, input.name, input.is_private));
    return { id: channel.id, name: channel.name, is_private: input.is_private };
  },
);

/** What a person does in a channel's settings; who brings one back is in it. */
export const archiveRoute = route(
  z.object({ user: name, channel: name, archived: z.boolean() }),
  (slack, { user: who, channel: where, archived }) => {
    const user = actor(slack, who);
    const channel = channelNamed(slack.world, where);
    if (!channel || channel.kind === 'im')
      throw new ControlError(400, 'channel_not_found', `there is no channel ${where}`);
    if (channel.kind === 'private' && !channel.members.has(user.id))
      throw new ControlError(403, 'not_in_channel', `${where} does not have ${who} in it`);
    if (channel.archived === archived)
      throw new ControlError(409, archived ? 'already_archived' : 'not_archived', `${where} is so already`);
    setArchived(slack, channel, user.id, archived);
    if (!archived) join(slack, channel, user.id);
    return {};
  },
);

export const addMemberRoute = route(z.object({ user: name, channel: name, by: name }), (slack, input) => {
  const by = actor(slack, input.by);
  const user = anyUser(slack, input.user);
  const channel = stage(slack, by, input.channel);
  if (user.deactivated) throw new ControlError(403, 'user_deactivated', `${user.name} is deactivated`);
  if (channel.kind === 'im') throw new ControlError(400, 'direct_message', 'a direct message is between two');
  join(slack, channel, user.id, by.id === user.id ? undefined : by.id);
  return {};
});
