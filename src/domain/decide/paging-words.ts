/** How paging is told: who was asked, why that counts as no answer, and whom to call. */
import { person } from '../actor.ts';
import type { Escalation, Incident } from '../incident.ts';
import type { Roster } from '../intents.ts';
import { duration } from '../metrics.ts';
import type { Policy } from '../policy.ts';
import type { PageWay } from '../team.ts';
import { pagesOf } from './pages.ts';

export const WAY_NAMES: Readonly<Record<PageWay, string>> = {
  pagerduty: 'PagerDuty',
  webhook: 'The webhook',
};

/** `database level 2 of 3 (<@U1>, PagerDuty)`; a team with one level goes by its name. */
export function asked(
  { team, level }: Pick<Escalation, 'team' | 'level'>,
  { levels, users, ways }: Roster,
): string {
  const place = levels > 1 ? ` level ${level} of ${levels}` : '';
  const whom = [...[...new Set(users)].map(person), ...ways.map((way) => WAY_NAMES[way])];
  return `${team}${place} (${whom.join(', ')})`;
}

/** Why the level counts as not answered. */
export function silence(incident: Incident, escalation: Escalation): string {
  const pages = pagesOf(incident, escalation, escalation.level);
  const declined = pages.filter(({ answer }) => answer?.kind === 'declined').length;
  if (pages.length > 0 && declined === pages.length && escalation.ways.length === 0) return 'all declined';
  const unsent = pages.filter((page) => page.unsent !== undefined).length;
  if (pages.length > 0 && declined + unsent === pages.length && escalation.ways.length === 0)
    return 'none could be reached';
  return `no answer in ${duration(escalation.waitSeconds)}`;
}

export const unread = (roster: Roster): string =>
  roster.problems.length === 0 ? '' : `\n:warning: Could not be read: ${problemsOf(roster)}`;

export const problemsOf = ({ problems }: Roster): string => problems.join('; ') || 'none';

/** `<@U1> (+49 …)`, as far as a number is known. */
export const call = (user: string, { phones }: Policy): string =>
  `${person(user)} (${phones[user] ?? 'no number in firebreak.yml'})`;
