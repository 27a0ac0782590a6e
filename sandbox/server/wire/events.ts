/** Events API payloads, sent only when the manifest subscribes to them and the bot may see them. */
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { secret } from '../ids.ts';
import type { Channel, Json } from '../model.ts';
import { isExternal } from '../world.ts';

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
  const wanted = subscription(channel, event.type);
  if (!slack.manifest.events.has(wanted) || !permitted(slack, channel, wanted)) return;
  if (channel && seenBy === 'members' && !channel.members.has(identity.botUser)) return;
  slack.outbound.send({
    type: 'events_api',
    acceptsPayload: false,
    payload: wrapper(slack, channel, { ...event, event_ts: event['event_ts'] ?? slack.world.ts() }),
  });
}

/** A subscription alone is not enough: Slack sends an event only to apps that may read what it is about. */
function permitted(slack: Slack, channel: Channel | undefined, event: string): boolean {
  const needed = NEEDED[event] ?? (event.startsWith('member_') && channel ? READ[channel.kind] : undefined);
  return needed === undefined || slack.manifest.scopes.has(needed);
}

const READ = { public: 'channels:read', private: 'groups:read', im: 'im:read' } as const;
const NEEDED: Readonly<Record<string, string>> = {
  app_mention: 'app_mentions:read',
  channel_archive: 'channels:read',
  channel_created: 'channels:read',
  channel_rename: 'channels:read',
  channel_unarchive: 'channels:read',
  file_shared: 'files:read',
  group_archive: 'groups:read',
  group_rename: 'groups:read',
  group_unarchive: 'groups:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
  pin_added: 'pins:read',
  pin_removed: 'pins:read',
  reaction_added: 'reactions:read',
  reaction_removed: 'reactions:read',
  subteam_created: 'usergroups:read',
  subteam_members_changed: 'usergroups:read',
  subteam_updated: 'usergroups:read',
  team_join: 'users:read',
  user_change: 'users:read',
};

function subscription(channel: Channel | undefined, type: string): string {
  if (type !== 'message' || !channel) return type;
  return { public: 'message.channels', private: 'message.groups', im: 'message.im' }[channel.kind];
}

function wrapper(slack: Slack, channel: Channel | undefined, event: Json): Json {
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
    is_ext_shared_channel: channel !== undefined && isExternal(slack.world, channel),
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
