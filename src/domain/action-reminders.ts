/** When the owner of an action item is reminded: a day before its deadline, the day after, then weekly while it is open. */
import { DateTime } from 'luxon';
import { isSlackUser } from './actor.ts';
import type { Effect } from './effects.ts';
import type { ActionItem, Incident } from './incident.ts';
import { firstInstantOf } from './local-time.ts';
import type { Policy } from './policy.ts';

/** By the clocks of the team's zone. */
const HOUR = 9;
const DAYS_BEFORE = 1;
const DAYS_AFTER = 1;
const AGAIN_DAYS = 7;

/** The next look at any of them; undefined: none is to be reminded of. */
export const nextActionReminder = (incident: Incident, policy: Pick<Policy, 'timezone'>): Date | undefined =>
  incident.actionItems
    .flatMap((item) => actionReminderAt(incident, item, policy) ?? [])
    .reduce<Date | undefined>((first, each) => (first && first <= each ? first : each), undefined);

/** When it is next reminded of. Drills and false alarms leave nothing to do, and duplicates have it elsewhere. */
export function actionReminderAt(
  incident: Incident,
  item: ActionItem,
  { timezone }: Pick<Policy, 'timezone'>,
): Date | undefined {
  const { kind, status, duplicateOf, archived } = incident;
  if (item.done || item.due === undefined) return undefined;
  if (kind === 'drill' || status === 'cancelled' || duplicateOf !== undefined) return undefined;
  // There is nobody to tell, and an archived channel takes no message.
  if (archived && remindedPerson(item) === undefined) return undefined;
  const day = nextDay(item.due, item.quietUntil);
  return firstInstantOf(day.toMillis() + HOUR * 3_600_000, timezone);
}

/** Whom a reminder goes to; undefined: to the channel. */
export const remindedPerson = ({ owner }: ActionItem): string | undefined =>
  owner !== undefined && isSlackUser(owner) ? owner : undefined;

/** The reminder in Slack, posted or drawn anew. */
export const shownReminder = (
  { id }: Pick<Incident, 'id'>,
  { number }: ActionItem,
  { on, to }: NonNullable<ActionItem['reminder']>,
): Effect => ({
  kind: 'live',
  to: to === undefined ? { kind: 'incident', id } : { kind: 'user', id: to },
  subject: { kind: 'action', incident: id, item: number, on },
});

/** The first day to remind on that is after the quiet ones. What was missed is said once. */
function nextDay(due: string, quietUntil: string | undefined): DateTime {
  const [deadline, quiet] = [utcDay(due), quietUntil === undefined ? undefined : utcDay(quietUntil)];
  const before = deadline.minus({ days: DAYS_BEFORE });
  const after = deadline.plus({ days: DAYS_AFTER });
  if (!quiet || quiet < before) return before;
  if (quiet < after) return after;
  const rounds = Math.floor(quiet.diff(after, 'days').days / AGAIN_DAYS) + 1;
  return after.plus({ days: rounds * AGAIN_DAYS });
}

const utcDay = (day: string): DateTime => DateTime.fromISO(day, { zone: 'utc' });
