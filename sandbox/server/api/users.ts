/** People. */
import { z } from 'zod';
import type { Slack } from '../context.ts';
import { seconds } from '../context.ts';
import { type Json, type User, without } from '../model.ts';
import { SlackError } from '../refusal.ts';
import { teamOf } from '../world.ts';
import { count, defineMethod, flag, page, person, word } from './define.ts';

export const userMethods = [
  defineMethod(
    'users.info',
    { scopes: ['users:read'], tier: 4, ignored: ['include_locale'] },
    z.object({ user: word }),
    (slack, args) => ({
      user: shownUser(slack, person(slack, args.user)),
    }),
  ),
  defineMethod(
    'users.list',
    { scopes: ['users:read'], tier: 2, ignored: ['include_locale'] },
    z.object({ cursor: word.optional(), limit: count }),
    (slack, args) => {
      const { items, next } = page([...slack.world.users.values()], args.cursor, args.limit ?? 1000);
      return {
        members: items.map((user) => shownUser(slack, user)),
        cache_ts: seconds(slack),
        response_metadata: { next_cursor: next },
      };
    },
  ),
  defineMethod(
    'users.lookupByEmail',
    { scopes: ['users:read.email'], tier: 3 },
    z.object({ email: word }),
    (slack, args) => {
      const found = [...slack.world.users.values()].find((user) => emailOf(user) === args.email);
      if (!found || found.deactivated) throw new SlackError('users_not_found');
      return { user: shownUser(slack, found) };
    },
  ),
  defineMethod(
    'users.profile.get',
    { scopes: ['users.profile:read'], tier: 4 },
    z.object({ user: word.optional(), include_labels: flag }),
    (slack, args) => ({
      profile: ownProfile(slack, person(slack, args.user ?? slack.world.identity.botUser)),
    }),
  ),
];

/** The method alone knows custom fields, and does not say the team. */
function ownProfile(slack: Slack, user: User): Json {
  return { ...without(profile(slack, user, ''), 'team', 'bot_id', 'api_app_id'), fields: {} };
}

const emailOf = (user: User) => (user.kind === 'bot' ? undefined : `${user.name}@example.com`);

export function shownUser(slack: Slack, user: User): Json {
  const isBot = user.kind === 'bot';
  const teamId = teamOf(slack.world, user.id);
  return {
    id: user.id,
    team_id: teamId,
    name: user.name,
    deleted: user.deactivated,
    color: '9f69e7',
    real_name: user.realName,
    tz: 'Etc/UTC',
    tz_label: 'Coordinated Universal Time',
    tz_offset: 0,
    profile: profile(slack, user, teamId),
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.kind === 'guest',
    is_ultra_restricted: false,
    is_bot: isBot,
    is_app_user: false,
    updated: user.updated,
    ...(isBot ? {} : { is_email_confirmed: true }),
    ...(user.kind === 'foreign' ? { is_stranger: true } : {}),
    who_can_share_contact_card: 'EVERYONE',
  };
}

function profile(slack: Slack, user: User, teamId: string): Json {
  const { identity } = slack.world;
  const email = slack.manifest.scopes.has('users:read.email') ? emailOf(user) : undefined;
  return {
    title: '',
    phone: '',
    skype: '',
    real_name: user.realName,
    real_name_normalized: user.realName,
    display_name: user.name,
    display_name_normalized: user.name,
    status_text: '',
    status_emoji: '',
    status_expiration: 0,
    avatar_hash: '',
    ...(email === undefined ? {} : { email }),
    ...(user.kind === 'bot'
      ? { bot_id: identity.botId, api_app_id: identity.appId, always_active: true }
      : {}),
    team: teamId,
  };
}
