/** People using the app: commands, clicks, shortcuts, forms, App Home. */
import { z } from 'zod';
import { shown } from '../acts/messages.ts';
import type { Slack } from '../context.ts';
import type { User } from '../model.ts';
import { ControlError } from '../refusal.ts';
import { click, type Place, suggest } from '../wire/clicks.ts';
import { close, openHome, submit } from '../wire/forms.ts';
import { runCommand, runShortcut } from '../wire/interact.ts';
import { messageAt } from '../world.ts';
import { actor, messageIn, name, route, stage, viewOf, waitMs } from './input.ts';

export const commandRoute = route(
  z.object({ user: name, channel: name, text: z.string().startsWith('/'), wait_ms: waitMs }),
  (slack, input) => {
    const user = actor(slack, input.user);
    return runCommand(slack, user, stage(slack, user, input.channel), input.text, input.wait_ms);
  },
);

const actionShape = z
  .object({
    user: name,
    channel: name.optional(),
    ts: name.optional(),
    view_id: name.optional(),
    action_id: name,
    value: z.unknown().optional(),
    wait_ms: waitMs,
  })
  .refine((input) => input.view_id !== undefined || (input.channel !== undefined && input.ts !== undefined), {
    message: 'give channel and ts, or view_id',
  });

export const actionRoute = route(actionShape, (slack, input) => {
  const user = actor(slack, input.user);
  return click(slack, user, place(slack, user, input), input.action_id, input.value, input.wait_ms);
});

function place(slack: Slack, user: User, input: z.infer<typeof actionShape>): Place {
  if (input.view_id !== undefined) return { kind: 'view', view: viewOf(slack, user, input.view_id) };
  const channel = stage(slack, user, input.channel ?? '');
  const ts = input.ts ?? '';
  const whispered = channel.ephemerals.find((one) => one.user === user.id && one.message.ts === ts);
  const message = messageAt(channel, ts) ?? whispered?.message;
  if (!message)
    throw new ControlError(404, 'message_not_found', `${user.name} sees no message ${ts} in ${channel.name}`);
  return { kind: 'message', channel, message, ephemeral: whispered !== undefined };
}

export const suggestionRoute = route(actionShape, (slack, input) => {
  const user = actor(slack, input.user);
  const typed = typeof input.value === 'string' ? input.value : '';
  return suggest(slack, user, place(slack, user, input), input.action_id, typed, input.wait_ms);
});

export const shortcutRoute = route(
  z.object({ user: name, callback_id: name, channel: name.optional(), ts: name.optional(), wait_ms: waitMs }),
  (slack, input) => {
    const user = actor(slack, input.user);
    if (input.channel === undefined || input.ts === undefined) {
      return runShortcut(slack, user, input.callback_id, undefined, input.wait_ms);
    }
    const channel = stage(slack, user, input.channel);
    const message = shown(channel, messageIn(channel, input.ts));
    return runShortcut(slack, user, input.callback_id, { channel, ts: input.ts, message }, input.wait_ms);
  },
);

export const submitRoute = route(
  z.object({
    user: name,
    view_id: name,
    values: z.record(z.string(), z.unknown()).default({}),
    wait_ms: waitMs,
  }),
  (slack, input) => {
    const user = actor(slack, input.user);
    return submit(slack, user, viewOf(slack, user, input.view_id), input.values, input.wait_ms);
  },
);

export const closeRoute = route(
  z.object({ user: name, view_id: name, all: z.boolean().default(false), wait_ms: waitMs }),
  (slack, input) => {
    const user = actor(slack, input.user);
    return close(slack, user, viewOf(slack, user, input.view_id), input.all, input.wait_ms);
  },
);

/** The app may have nothing new to show, so the wait for it is short. */
const HOME_WAIT_MS = 2_000;

export const homeRoute = route(
  z.object({ user: name, wait_ms: z.number().int().min(0).max(120_000).default(HOME_WAIT_MS) }),
  (slack, input) => openHome(slack, actor(slack, input.user), input.wait_ms),
);
