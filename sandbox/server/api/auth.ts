/** Who the app is, and where it connects. */
import { z } from 'zod';
import { SlackError } from '../refusal.ts';
import { defineMethod, word } from './define.ts';

const none = z.object({});

export const authMethods = [
  defineMethod('auth.test', { tier: 'special' }, none, (slack) => {
    const { identity, users } = slack.world;
    return {
      // As in Slack, permalinks begin with it.
      url: `${slack.url()}/`,
      team: identity.team.name,
      user: users.get(identity.botUser)?.name,
      team_id: identity.team.id,
      user_id: identity.botUser,
      bot_id: identity.botId,
      is_enterprise_install: false,
    };
  }),
  // Slack's own papers disagree on the tier; a bot that reconnects often must not be starved in tests.
  defineMethod('apps.connections.open', { tier: 3, token: 'app' }, none, (slack) => ({
    url: slack.hub.ticket(),
  })),
  defineMethod(
    'apps.manifest.export',
    { tier: 3, token: 'config' },
    z.object({ app_id: word }),
    (slack, args) => {
      if (args.app_id !== slack.world.identity.appId) throw new SlackError('invalid_app_id');
      return { manifest: slack.manifest.source };
    },
  ),
  defineMethod(
    'team.info',
    { scopes: ['team:read'], tier: 3, ignored: ['team', 'domain'] },
    none,
    (slack) => {
      const { team } = slack.world.identity;
      return {
        team: {
          id: team.id,
          name: team.name,
          url: `https://${team.domain}.slack.com/`,
          domain: team.domain,
          email_domain: '',
          icon: { image_default: true },
        },
      };
    },
  ),
  defineMethod(
    'emoji.list',
    { scopes: ['emoji:read'], tier: 2, ignored: ['include_categories'] },
    none,
    (slack) => ({ emoji: {}, cache_ts: slack.world.ts() }),
  ),
  defineMethod(
    'bots.info',
    { scopes: ['users:read'], tier: 3 },
    z.object({ bot: word.optional() }),
    (slack, args) => {
      const { identity, users } = slack.world;
      if (args.bot !== undefined && args.bot !== identity.botId) throw new SlackError('bot_not_found');
      const user = users.get(identity.botUser);
      return {
        bot: {
          id: identity.botId,
          deleted: false,
          name: user?.name,
          updated: user?.updated,
          app_id: identity.appId,
          user_id: identity.botUser,
          icons: {},
        },
      };
    },
  ),
];
