/** Who is there: users, channels and their members. */
import { z } from 'zod';
import { createChannel, join } from '../acts/channels.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { User } from '../model.ts';
import { ControlError, SlackError } from '../refusal.ts';
import { addUser, userNamed } from '../world.ts';
import { actor, anyUser, name, route, stage } from './input.ts';
import { userState } from './state.ts';

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
    return changed(slack, user, input);
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
  return userState(user);
}

export const addChannelRoute = route(
  z.object({ user: name, name, is_private: z.boolean().default(false) }),
  (slack, input) => {
    const user = actor(slack, input.user);
    try {
      const channel = createChannel(slack, user.id, input.name, input.is_private);
      return { id: channel.id, name: channel.name, is_private: input.is_private };
    } catch (error) {
      if (error instanceof SlackError) throw new ControlError(400, error.code, `Slack says ${error.code}`);
      throw error;
    }
  },
);

export const addMemberRoute = route(z.object({ user: name, channel: name, by: name }), (slack, input) => {
  const by = actor(slack, input.by);
  const user = actor(slack, input.user);
  join(slack, stage(slack, by, input.channel), user.id, by.id === user.id ? undefined : by.id);
  return {};
});
