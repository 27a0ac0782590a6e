/** Who may do what, read at the moment of the act; a role in an incident is never a permission. */
import { isSlackUser } from '../domain/actor.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Named, Settings } from '../domain/settings.ts';
import type { Directory } from './app.ts';
import type { Permission } from './command.ts';

/** What is given to people by name. */
type Right = Exclude<Permission, 'read' | 'paged'>;

/** Undefined when allowed. A terminal is an operator: it may request what members may, never approve. */
export async function forbidden(
  settings: Settings,
  directory: Directory,
  actor: string,
  permission: Permission,
): Promise<Refusal | undefined> {
  if (permission === 'paged') return undefined;
  if (actor.startsWith('terminal:'))
    return permission === 'redact' ? refuse('ONLY_FROM_SLACK_BY', { permission }) : undefined;
  if (permission === 'read') return isReader(directory, actor);
  const named = namedIn(settings.permissions, permission);
  try {
    const standing = await directory.standing(actor);
    if (standing !== 'member') return refuse('NOT_A_MEMBER', { found: standing });
    if (named === undefined || (await isNamed(named, directory, actor))) return undefined;
    return refuse('NOT_PERMITTED', { permission, who: mentions(named) });
  } catch {
    return withoutSlack(named, directory, actor, permission);
  }
}

/** Who erases what others wrote is named, or one of those who approve: with nobody named, nobody may. */
const namedIn = (permissions: Settings['permissions'], permission: Right): Named =>
  permission === 'redact' ? (permissions.redact ?? permissions.approve ?? []) : permissions[permission];

/**
 * Channels that the bot is in may be shared with other companies, and guests see only some of them: both would read of
 * all incidents. While Slack does not answer, whoever was not seen to be one of them may read.
 */
export async function isReader(directory: Directory, actor: string): Promise<Refusal | undefined> {
  const standing = await directory.standing(actor).catch(() => directory.lately?.standing(actor) ?? 'member');
  return standing === 'member' ? undefined : refuse('NOT_A_MEMBER', { found: standing });
}

/**
 * Slack delivered the line but does not answer who typed it: in an outage of its own, or since it lets groups be looked
 * at 20 times a minute only. Declaring and writing down must go on, by what it said within the last minute; what is
 * dangerous must not.
 */
function withoutSlack(
  named: Named,
  { lately }: Directory,
  actor: string,
  permission: Right,
): Refusal | undefined {
  if (permission === 'dangerous' || permission === 'redact')
    return refuse('STANDING_UNREADABLE', { permission });
  const standing = lately?.standing(actor) ?? 'member';
  if (standing !== 'member') return refuse('NOT_A_MEMBER', { found: standing });
  const safe =
    named === undefined ||
    named.includes(actor) ||
    named.some((group) => lately?.groupMembers(group)?.includes(actor) ?? false);
  return safe ? undefined : refuse('STANDING_UNREADABLE', { permission });
}

/** True when the user, or a user group that the user is in, is named. Throws when that cannot be found out. */
export async function isNamed(named: Named, directory: Directory, user: string): Promise<boolean> {
  if (named === undefined) return false;
  if (named.includes(user)) return true;
  const unread: unknown[] = [];
  for (const group of named.filter((each) => !isSlackUser(each))) {
    try {
      if ((await directory.groupMembers(group)).includes(user)) return true;
    } catch (error) {
      // A group that was deleted must not shut out those of the others.
      unread.push(error);
    }
  }
  if (unread.length > 0) throw unread[0];
  return false;
}

/** People and groups as Slack shows them. */
const mentions = (named: readonly string[]): string =>
  named.map((each) => (isSlackUser(each) ? `<@${each}>` : `<!subteam^${each}>`)).join(', ') || 'nobody';
