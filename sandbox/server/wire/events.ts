/** Events API payloads, sent only when the manifest subscribes to them and the bot may see them. */
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { secret } from '../ids.ts';
import type { Channel, Json } from '../model.ts';

type EventBody = Json & { readonly type: string };

/** Sends an event about a channel; `seenBy: everyone` is for those that need no membership. */
export function emit(
  slack: Slack,
  channel: Channel | undefined,
  event: EventBody,
  seenBy: 'members' | 'everyone' = 'members',
): void {
  const { identity } = slack.world;
  slack.live.changed();
  if (!slack.manifest.events.has(subscription(channel, event.type))) return;
  if (channel && seenBy === 'members' && !channel.members.has(identity.botUser)) return;
  slack.outbound.send({
    type: 'events_api',
    acceptsPayload: false,
    payload: wrapper(slack, { ...event, event_ts: event['event_ts'] ?? slack.world.ts() }),
  });
}

function subscription(channel: Channel | undefined, type: string): string {
  if (type !== 'message' || !channel) return type;
  return { public: 'message.channels', private: 'message.groups', im: 'message.im' }[channel.kind];
}

function wrapper(slack: Slack, event: Json): Json {
  const { identity } = slack.world;
  const teamId = identity.team.id;
  return {
    token: slack.verificationToken,
    team_id: teamId,
    api_app_id: identity.appId,
    event,
    type: 'event_callback',
    event_id: `Ev${secret(5).toUpperCase()}`,
    event_time: seconds(slack),
    authorizations: [
      {
        enterprise_id: null,
        team_id: teamId,
        user_id: identity.botUser,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${secret(12)}`,
  };
}

/** `C`, `G` or `D`, as in member_joined_channel. */
export function channelLetter(channel: Channel): string {
  return { public: 'C', private: 'G', im: 'D' }[channel.kind];
}

/** `channel`, `group` or `im`, as in message events. */
export function channelType(channel: Channel): string {
  return { public: 'channel', private: 'group', im: 'im' }[channel.kind];
}
