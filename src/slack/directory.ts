/** Who somebody is, asked of Slack at the moment of the act: a right that was taken away is gone at once. */
import { WebAPIPlatformError, WebAPIRateLimitedError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Directory, Standing } from '../app/app.ts';
import type { WhoAmI } from './client.ts';

const SLACKBOT = 'USLACKBOT';
const flag = z.boolean().default(false);

const profile = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  deleted: flag,
  is_bot: flag,
  is_restricted: flag,
  is_ultra_restricted: flag,
  is_stranger: flag,
  enterprise_user: z.object({ teams: z.array(z.string()).default([]) }).optional(),
});

/** How long an answer is good enough for what is not dangerous, when Slack does not answer anew. */
const LATELY_MS = 60_000;

/** Asks Slack each time; what it said lately is kept only for when it does not answer. */
export function createDirectory(
  client: WebClient,
  identity: Pick<WhoAmI, 'get'>,
  now: () => Date = () => new Date(),
): Directory {
  const standings = createMemory<Standing>(now);
  const groups = createMemory<readonly string[]>(now);
  const people = createPatience(now);
  const lists = createPatience(now);
  return {
    lately: { standing: standings.recall, groupMembers: groups.recall },
    async standing(userId) {
      const user = await people.ask(() => userOf(client, userId));
      if (user === undefined) return standings.keep(userId, 'unknown');
      const { teamId } = await identity.get();
      return standings.keep(userId, standingOf(user, teamId));
    },
    async groupMembers(groupId) {
      return groups.keep(groupId, await lists.ask(() => membersOf(client, groupId)));
    },
    async channelMembers(channelId) {
      const members: string[] = [];
      const pages = client.paginate('conversations.members', { channel: channelId, limit: 1000 });
      for await (const page of pages) members.push(...((page as { members?: string[] }).members ?? []));
      return members;
    },
    async userByEmail(email) {
      try {
        return (await client.users.lookupByEmail({ email })).user?.id;
      } catch (error) {
        if (error instanceof WebAPIPlatformError && error.data.error === 'users_not_found') return undefined;
        throw error;
      }
    },
  };
}

/** A group that is gone has nobody; what else Slack answers may be another thing in a minute. */
async function membersOf(client: WebClient, usergroup: string): Promise<readonly string[]> {
  try {
    return (await client.usergroups.users.list({ usergroup })).users ?? [];
  } catch (error) {
    if (error instanceof WebAPIPlatformError && GONE.test(error.data.error)) return [];
    throw error;
  }
}

const GONE = /^(?:no_such_subteam|subteam_not_found)$/;

interface Patience {
  /** Throws what Slack said when it asked not to be asked before a time that is still to come. */
  readonly ask: <T>(question: () => Promise<T>) => Promise<T>;
}

/** Many at once use a method's limit up within seconds: asking on would be refused as well, and makes Slack wait longer. */
function createPatience(now: () => Date): Patience {
  let held: { readonly until: number; readonly error: WebAPIRateLimitedError } | undefined;
  return {
    async ask(question) {
      if (held && now().getTime() < held.until) throw held.error;
      try {
        return await question();
      } catch (error) {
        if (error instanceof WebAPIRateLimitedError)
          held = { until: now().getTime() + error.retryAfter * 1000, error };
        throw error;
      }
    },
  };
}

interface Memory<T> {
  readonly keep: (key: string, value: T) => T;
  readonly recall: (key: string) => T | undefined;
}

function createMemory<T>(now: () => Date): Memory<T> {
  const kept = new Map<string, { readonly value: T; readonly at: number }>();
  return {
    keep(key, value) {
      kept.set(key, { value, at: now().getTime() });
      return value;
    },
    recall(key) {
      const known = kept.get(key);
      return known && now().getTime() - known.at < LATELY_MS ? known.value : undefined;
    },
  };
}

type Profile = z.infer<typeof profile>;

async function userOf(client: WebClient, userId: string): Promise<Profile | undefined> {
  try {
    return profile.parse((await client.users.info({ user: userId })).user);
  } catch (error) {
    const gone = error instanceof WebAPIPlatformError && /^user_not_(found|visible)$/.test(error.data.error);
    if (gone) return undefined;
    throw error;
  }
}

function standingOf(user: Profile, teamId: string): Standing {
  if (user.deleted) return 'deactivated';
  if (user.is_bot || user.id === SLACKBOT) return 'bot';
  if (user.is_stranger || !isOurs(user, teamId)) return 'foreign';
  if (user.is_restricted || user.is_ultra_restricted) return 'guest';
  return 'member';
}

/** In an organisation a person belongs to several workspaces, of which `team_id` names one. */
const isOurs = ({ team_id, enterprise_user }: Profile, teamId: string): boolean =>
  team_id === teamId || (enterprise_user?.teams.includes(teamId) ?? false);
