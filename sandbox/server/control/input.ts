/** What every control request is read with: people and channels by name or id, mistakes as HTTP 400. */
import { z } from 'zod';
import { mayAct } from '../acts/channels.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import type { Channel, Json, Message, User, View } from '../model.ts';
import { ControlError } from '../refusal.ts';
import { channelNamed, directMessage, messageAt, userNamed } from '../world.ts';

export type Route = (slack: Slack, input: Json, path: readonly string[]) => unknown;

/** A route whose input has this shape. */
export function route<T extends z.ZodType>(
  shape: T,
  run: (slack: Slack, input: z.infer<T>, path: readonly string[]) => unknown,
): Route {
  return (slack, input, path) => {
    const parsed = shape.safeParse(input);
    if (parsed.success) return run(slack, parsed.data, path);
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
    );
    throw new ControlError(400, 'wrong_input', problems.join('; '));
  };
}

export const name = z.string().min(1);
export const waitMs = z.number().int().min(0).max(120_000).default(5000);

export function actor(slack: Slack, nameOrId: string): User {
  const user = userNamed(slack.world, nameOrId);
  if (!user) throw new ControlError(400, 'user_not_found', `there is no user ${nameOrId}`);
  if (user.deactivated) throw new ControlError(403, 'user_deactivated', `${user.name} is deactivated`);
  if (user.kind === 'bot') throw new ControlError(400, 'not_a_person', `${user.name} is the app itself`);
  return user;
}

export function anyUser(slack: Slack, nameOrId: string): User {
  const user = userNamed(slack.world, nameOrId);
  if (!user) throw new ControlError(400, 'user_not_found', `there is no user ${nameOrId}`);
  return user;
}

function anyChannel(slack: Slack, nameOrId: string): Channel {
  const peer = nameOrId.startsWith('dm-') ? userNamed(slack.world, nameOrId.slice(3)) : undefined;
  if (peer && peer.kind !== 'bot') return directMessage(slack.world, peer, seconds(slack));
  const channel = channelNamed(slack.world, nameOrId);
  if (!channel) throw new ControlError(400, 'channel_not_found', `there is no channel ${nameOrId}`);
  return channel;
}

/** The channel a person acts in; they join it first when it is public. */
export function stage(slack: Slack, user: User, nameOrId: string): Channel {
  const channel = anyChannel(slack, nameOrId);
  const may = mayAct(slack, channel, user);
  if (may === 'yes') return channel;
  const why = may === 'is_archived' ? 'is archived' : `does not have ${user.name} in it`;
  throw new ControlError(403, may, `${channel.name} ${why}`);
}

export function messageIn(channel: Channel, ts: string): Message {
  const message = messageAt(channel, ts);
  if (!message)
    throw new ControlError(404, 'message_not_found', `there is no message ${ts} in ${channel.name}`);
  return message;
}

export function viewOf(slack: Slack, user: User, id: string): View {
  const view = slack.world.views.get(id);
  const mine = (slack.world.stacks.get(user.id) ?? []).some((one) => one.id === id);
  if (!view || !(mine || slack.world.homes.get(user.id) === view)) {
    throw new ControlError(404, 'view_not_found', `${user.name} has no view ${id} open`);
  }
  return view;
}
