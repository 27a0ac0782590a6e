/** Sends what a person did to the app and waits for what they see. */

import { escaped } from '../acts/mentions.ts';
import { saidShape, say, tellFailure } from '../acts/responses.ts';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { type Channel, type Json, type User, without } from '../model.ts';
import { ControlError, SlackError } from '../refusal.ts';
import { directMessage, teamOf } from '../world.ts';
import type { Outcome } from './envelope.ts';
import type { Response } from './watch.ts';

export interface Seen {
  readonly ack_ms: number | null;
  readonly responses: Response[];
}

interface Act {
  readonly type: 'slash_commands' | 'interactive';
  readonly user: User;
  readonly channel: Channel | undefined;
  readonly waitMs: number;
  /** How long nothing new must have come; a moment unless told. */
  readonly quietMs?: number;
  /** Called with the app's answer before anyone is told of the ack. */
  readonly answered: (outcome: Outcome) => void;
  readonly payload: Json;
}

export function interact(slack: Slack, act: Act): Promise<Seen> {
  if (act.type === 'interactive' && !slack.manifest.interactive)
    throw new ControlError(400, 'interactivity_disabled', 'the manifest has interactivity switched off');
  const { user, channel, waitMs, quietMs } = act;
  const watch = slack.watchers.start({
    user: user.id,
    channels: channel ? [channel.id] : [],
    waitMs,
    ...(quietMs === undefined ? {} : { quietMs }),
  });
  slack.outbound.send({
    type: act.type,
    payload: act.payload,
    acceptsPayload: true,
    done(outcome) {
      answer(slack, act, outcome);
      watch.acked(outcome.kind === 'acked' ? outcome.tookMs : null);
    },
  });
  return watch.settled();
}

/** An answer that Slack would not take is reported like Slack does, it must not end the server. */
function answer(slack: Slack, act: Act, outcome: Outcome): void {
  slack.live.changed();
  try {
    act.answered(outcome);
  } catch (error) {
    const code = error instanceof SlackError ? error.code : 'dispatch_failed';
    slack.watchers.tell(
      { user: act.user.id },
      { kind: 'ephemeral', text: `The app's answer was refused: ${code}` },
    );
  }
}

/** Fields that every interaction has. */
export function basics(slack: Slack, user: User): Json {
  const { identity } = slack.world;
  return {
    team: { id: identity.team.id, domain: identity.team.domain },
    enterprise: null,
    is_enterprise_install: false,
    user: { id: user.id, username: user.name, name: user.name, team_id: teamOf(slack.world, user.id) },
    api_app_id: identity.appId,
    token: slack.verificationToken,
  };
}

export function runCommand(
  slack: Slack,
  user: User,
  channel: Channel,
  line: string,
  waitMs: number,
): Promise<Seen> {
  refuseWithout(slack, user, 'slash commands');
  const [, command = '', text = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(line) ?? [];
  const known = slack.manifest.commands.get(command);
  if (!known) {
    const all = [...slack.manifest.commands.keys()].join(', ');
    throw new ControlError(
      400,
      'unknown_command',
      `"${command || line}" is not a command of the manifest: ${all}`,
    );
  }
  const { identity } = slack.world;
  const target = { user: user.id, channel: channel.id, messageTs: undefined };
  return interact(slack, {
    type: 'slash_commands',
    user,
    channel,
    waitMs,
    payload: {
      token: slack.verificationToken,
      team_id: identity.team.id,
      team_domain: identity.team.domain,
      channel_id: channel.id,
      channel_name:
        channel.kind === 'public' ? channel.name : channel.kind === 'im' ? 'directmessage' : 'privategroup',
      user_id: user.id,
      user_name: user.name,
      command,
      text: known.escape ? escaped(slack, text.trim()) : text.trim(),
      api_app_id: identity.appId,
      is_enterprise_install: 'false',
      response_url: slack.links.responseUrl(target),
      trigger_id: slack.links.trigger({ user: user.id, viewId: undefined }),
    },
    answered(outcome) {
      if (outcome.kind === 'failed') {
        tellFailure(slack, channel, user.id, command, outcome.reason);
        return;
      }
      if (Object.keys(outcome.payload).length > 0)
        say(slack, target, saidShape.parse(outcome.payload), 'ack');
    },
  });
}

/** An app's commands and shortcuts are there for its own workspace only, also in a shared channel. */
function refuseWithout(slack: Slack, user: User, what: string): void {
  if (!slack.manifest.scopes.has('commands'))
    throw new ControlError(400, 'missing_scope', `without the scope commands the app has no ${what}`);
  if (user.kind !== 'foreign') return;
  throw new ControlError(403, 'foreign_user', `${user.name} is of another workspace and has no ${what} here`);
}

export function runShortcut(
  slack: Slack,
  user: User,
  callbackId: string,
  on: { channel: Channel; ts: string; message: Json } | undefined,
  waitMs: number,
): Promise<Seen> {
  refuseWithout(slack, user, 'shortcuts');
  const kind = slack.manifest.shortcuts.get(callbackId);
  if (kind !== (on ? 'message' : 'global')) {
    throw new ControlError(
      400,
      'unknown_shortcut',
      `the manifest has no ${on ? 'message' : 'global'} shortcut ${callbackId}`,
    );
  }
  return interact(slack, {
    type: 'interactive',
    user,
    channel: on?.channel ?? directMessage(slack.world, user, seconds(slack)),
    waitMs,
    payload: {
      type: on ? 'message_action' : 'shortcut',
      ...without(basics(slack, user), 'api_app_id'),
      callback_id: callbackId,
      action_ts: slack.world.ts(),
      trigger_id: slack.links.trigger({ user: user.id, viewId: undefined }),
      ...(on ? onMessage(slack, user, on) : {}),
    },
    answered: () => undefined,
  });
}

function onMessage(slack: Slack, user: User, on: { channel: Channel; ts: string; message: Json }): Json {
  const target = { user: user.id, channel: on.channel.id, messageTs: on.ts };
  const { id, name } = user;
  return {
    user: { id, name, team_id: teamOf(slack.world, id) },
    channel: { id: on.channel.id, name: on.channel.name },
    message_ts: on.ts,
    message: on.message,
    response_url: slack.links.responseUrl(target),
  };
}
