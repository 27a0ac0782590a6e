/** Who may do what, read at the moment of the act; a role in an incident is never a permission. */
import { isSlackUser } from '../domain/actor.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Named, Settings } from '../domain/settings.ts';
import type { Directory } from './app.ts';
import type { Permission } from './command.ts';

/** Undefined when allowed. A terminal is an operator: it may request what members may, never approve. */
export async function forbidden(
  settings: Settings,
  directory: Directory,
  actor: string,
  permission: Permission,
): Promise<Refusal | undefined> {
  if (permission === 'read') return undefined;
  if (actor.startsWith('terminal:'))
    return permission === 'redact' ? refuse('ONLY_FROM_SLACK_BY', { permission }) : undefined;
  const named = namedIn(settings.permissions, permission);
  try {
    const standing = await directory.standing(actor);
    if (standing !== 'member') return refuse('NOT_A_MEMBER', { found: standing });
    if (named === undefined || (await isNamed(named, directory, actor))) return undefined;
    return refuse('NOT_PERMITTED', { permission, who: mentions(named) });
  } catch {
    return withoutSlack(named, actor, permission);
  }
}

/** Who erases what others wrote is named, or one of those who approve: with nobody named, nobody may. */
const namedIn = (permissions: Settings['permissions'], permission: Exclude<Permission, 'read'>): Named =>
  permission === 'redact' ? (permissions.redact ?? permissions.approve ?? []) : permissions[permission];

/**
 * Slack delivered the line but does not answer who typed it. Declaring and writing down must go on in an outage of
 * Slack's own; what is dangerous must not.
 */
function withoutSlack(
  named: Named,
  actor: string,
  permission: Exclude<Permission, 'read'>,
): Refusal | undefined {
  const safe =
    permission !== 'dangerous' && permission !== 'redact' && (named === undefined || named.includes(actor));
  return safe ? undefined : refuse('STANDING_UNREADABLE', { permission });
}

/** True when the user, or a user group that the user is in, is named. */
export async function isNamed(named: Named, directory: Directory, user: string): Promise<boolean> {
  if (named === undefined) return false;
  if (named.includes(user)) return true;
  for (const group of named.filter((each) => !isSlackUser(each))) {
    if ((await directory.groupMembers(group)).includes(user)) return true;
  }
  return false;
}

/** People and groups as Slack shows them. */
const mentions = (named: readonly string[]): string =>
  named.map((each) => (isSlackUser(each) ? `<@${each}>` : `<!subteam^${each}>`)).join(', ') || 'nobody';
