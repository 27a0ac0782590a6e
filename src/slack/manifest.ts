/** The manifest of the Slack app: what it may do, what it is sent, and how it shows itself. manifest.yml is made of it. */
import { stringify } from 'yaml';
import type { Command } from '../app/command.ts';
import { byGroup } from '../app/groups.ts';

/** The ids under which Slack delivers the shortcuts. */
export const SHORTCUT = {
  declare: 'declare_incident',
  addToTimeline: 'add_to_timeline',
  declareFromMessage: 'declare_from_message',
} as const;

/** What the bot may do, each with what it is for. */
export const SCOPES = {
  'app_mentions:read': 'answer a mention, where a slash command cannot be typed: in a thread',
  'bookmarks:read': "find the bookmarks of an incident's channel",
  'bookmarks:write': "keep links in the head of an incident's channel",
  'canvases:write': "keep the draft of the postmortem in a tab of an incident's channel",
  'channels:history': 'see messages of incident channels, and find its own after a crash',
  'channels:manage': 'open, name, archive and invite to incident channels',
  'channels:read': 'know the channels it is in, who joins and leaves, and what they are called',
  'chat:write': 'post and change its messages',
  commands: 'the slash command and the shortcuts',
  'files:read': 'see whether a report has arrived, and read the files of captured messages',
  'files:write': 'post the postmortem as a file',
  'groups:history': 'the same in private channels',
  'groups:read': 'the same in private channels',
  'groups:write': 'the same in private channels',
  'im:history': 'find its own direct messages after a crash',
  'im:write': 'page people by a direct message',
  'pins:read': 'see what people pin in an incident channel',
  'pins:write': 'pin the card of an incident',
  'reactions:read': 'see what people mark in an incident channel',
  'usergroups:read': 'know who is in a user group that has a permission',
  'users:read': 'know names, and who is a full member',
  'users:read.email': 'find people by the address that another tool knows them by',
} as const;
type Scope = keyof typeof SCOPES;

/** What the bot is sent, each with the scope without which Slack does not send it. */
export const EVENTS: Readonly<Record<string, Scope | undefined>> = {
  app_home_opened: undefined,
  app_mention: 'app_mentions:read',
  channel_archive: 'channels:read',
  channel_rename: 'channels:read',
  channel_unarchive: 'channels:read',
  group_archive: 'groups:read',
  group_rename: 'groups:read',
  group_unarchive: 'groups:read',
  member_joined_channel: 'channels:read',
  member_left_channel: 'channels:read',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  pin_added: 'pins:read',
  pin_removed: 'pins:read',
  reaction_added: 'reactions:read',
  reaction_removed: 'reactions:read',
};

export interface ManifestParts {
  /** The slash command's name: `/incident`. */
  readonly command: string;
  readonly commands: readonly Command[];
  /** Where Slack sends all to; Socket Mode without it. */
  readonly requestUrl?: string;
}

/** As YAML, to be pasted where Slack makes or changes an app. */
export const renderManifest = (parts: ManifestParts): string =>
  `${HEAD}${stringify(manifest(parts), { lineWidth: 0 })}`;

const HEAD = `# Written by \`npm run docs\` from src/slack/manifest.ts and the verbs. Edit those.
`;

const manifest = ({ command, commands, requestUrl }: ManifestParts) => ({
  _metadata: { major_version: 2, minor_version: 1 },
  display_information: {
    name: 'Firebreak',
    description:
      'Runs incidents. Channel, faithful timeline, PostgreSQL diagnosis, safe rollback, postmortem.',
    background_color: '#7a1f0f',
  },
  features: {
    app_home: {
      home_tab_enabled: true,
      messages_tab_enabled: true,
      messages_tab_read_only_enabled: false,
    },
    bot_user: { display_name: 'firebreak', always_online: true },
    slash_commands: [
      {
        command,
        ...(requestUrl === undefined ? {} : { url: requestUrl }),
        description: `Declare and run an incident; "${command} help" shows the verbs`,
        usage_hint: usageHint(commands),
        // People and channels arrive as ids: names are not unique.
        should_escape: true,
      },
    ],
    shortcuts: SHORTCUTS,
  },
  oauth_config: { scopes: { bot: Object.keys(SCOPES).sort() } },
  settings: {
    event_subscriptions: { ...sentTo(requestUrl), bot_events: Object.keys(EVENTS).sort() },
    interactivity: { is_enabled: true, ...sentTo(requestUrl) },
    org_deploy_enabled: false,
    socket_mode_enabled: requestUrl === undefined,
    token_rotation_enabled: false,
  },
});

const sentTo = (url: string | undefined) => (url === undefined ? {} : { request_url: url });

/** Slack takes 24 characters of a name and 150 of a description. */
const SHORTCUTS = [
  {
    name: 'Declare an incident',
    type: 'global',
    callback_id: SHORTCUT.declare,
    description: 'Opens the form that declares an incident',
  },
  {
    name: 'Add to timeline',
    type: 'message',
    callback_id: SHORTCUT.addToTimeline,
    description: "Puts this message on the incident's timeline, with its own time and author",
  },
  {
    name: 'Declare from message',
    type: 'message',
    callback_id: SHORTCUT.declareFromMessage,
    description: 'Declare an incident from this message',
  },
] as const;

/** Slack takes 1,000 characters. */
const HINT_LIMIT = 1000;

/** How the verb that begins everything is typed, then the names of the others, as many as there is room for. */
function usageHint(commands: readonly Command[]): string {
  const [first, ...others] = byGroup(commands).flatMap(({ items }) => items);
  const named = ['help', ...others.map(({ verb }) => verb).filter((verb) => verb !== 'help')];
  return named.reduce(
    (hint, verb) => (hint.length + verb.length + 3 > HINT_LIMIT ? hint : `${hint} | ${verb}`),
    first?.usage ?? 'help',
  );
}
