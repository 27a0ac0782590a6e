/** What a commander would have to remember: which reminder is due, and when. One at a time. */
import type { Actor, Incident } from './incident.ts';
import { isOpen } from './incident.ts';
import { COMMANDER, type Policy, severityOf } from './policy.ts';

/** In the order in which they go before one another when two are due. */
export const REMINDERS = ['roles-unclaimed', 'update-due', 'status-stale', 'postmortem-missing'] as const;
export type ReminderKind = (typeof REMINDERS)[number];

/** A reminder that was posted. */
export interface Reminder {
  /** Number within the incident, from 1. */
  readonly number: number;
  readonly kind: ReminderKind;
  readonly at: Date;
  readonly state:
    | { readonly kind: 'open' }
    /** What it asked for has happened. */
    | { readonly kind: 'done' }
    | { readonly kind: 'snoozed'; readonly by: Actor; readonly until: Date }
    | { readonly kind: 'dismissed'; readonly by: Actor };
}

export interface Reminders {
  /** The newest one. */
  readonly last?: Reminder;
  readonly snoozed: Readonly<Partial<Record<ReminderKind, Date>>>;
  readonly dismissed: readonly ReminderKind[];
  /** When to look again. */
  readonly nextAt?: Date;
}

export const NO_REMINDERS: Reminders = { snoozed: {}, dismissed: [] };

/** The day after, and each day until it is there. */
const POSTMORTEM_AGAIN = 24 * 3600;

/** When something is due that nobody has snoozed or dismissed; undefined: it is not asked for. */
export function dueAt(incident: Incident, kind: ReminderKind, policy: Policy): Date | undefined {
  const wait = waits(incident, policy)[kind];
  if (wait === undefined) return undefined;
  return new Date(wait.since.getTime() + wait.seconds * 1000);
}

/** What the bot reminds of next, and when. While a reminder is open only that one is repeated. */
export function nextReminder(
  incident: Incident,
  policy: Policy,
): { readonly kind: ReminderKind; readonly at: Date } | undefined {
  const { last, snoozed, dismissed } = incident.reminders;
  if (last?.state.kind === 'open') {
    const wait = waits(incident, policy)[last.kind];
    return wait && { kind: last.kind, at: new Date(last.at.getTime() + wait.again * 1000) };
  }
  const candidates = REMINDERS.filter((kind) => !dismissed.includes(kind)).flatMap((kind) => {
    const due = dueAt(incident, kind, policy);
    return due ? [{ kind, at: later(due, snoozed[kind]) }] : [];
  });
  return candidates.reduce<(typeof candidates)[number] | undefined>(
    (first, each) => (first && first.at <= each.at ? first : each),
    undefined,
  );
}

/** True while what the open reminder asks for has not happened. */
export function stillWanted(incident: Incident, reminder: Reminder, policy: Policy): boolean {
  const due = dueAt(incident, reminder.kind, policy);
  return due !== undefined && due <= reminder.at;
}

interface Wait {
  readonly since: Date;
  readonly seconds: number;
  /** Seconds until an unheard reminder is repeated. */
  readonly again: number;
}

function waits(incident: Incident, policy: Policy): Readonly<Partial<Record<ReminderKind, Wait>>> {
  // An archived channel takes no message, and nobody waits for an incident that is told afterwards.
  if (incident.archived) return {};
  const { declaredAt, statusSince, lastUpdate, roles, milestones, kind, status } = incident;
  const { updateEvery, staleAfter, postmortemWithin } = severityOf(policy, incident.severity);
  if (!isOpen(incident)) {
    const wanted = status === 'resolved' && kind !== 'drill' && incident.postmortemAt === undefined;
    const since = kind === 'retrospective' ? declaredAt : (milestones.resolved?.recordedAt ?? statusSince);
    return wanted && postmortemWithin !== undefined
      ? { 'postmortem-missing': { since, seconds: postmortemWithin, again: POSTMORTEM_AGAIN } }
      : {};
  }
  const { unclaimedAfter } = policy.reminders;
  const told = later(statusSince, lastUpdate?.at);
  return {
    ...(roles[COMMANDER] === undefined
      ? {
          'roles-unclaimed': {
            since: statusSinceReopen(incident),
            seconds: unclaimedAfter,
            again: unclaimedAfter,
          },
        }
      : {}),
    ...(updateEvery === undefined
      ? {}
      : { 'update-due': { since: told, seconds: updateEvery, again: updateEvery } }),
    ...(staleAfter === undefined
      ? {}
      : { 'status-stale': { since: statusSince, seconds: staleAfter, again: staleAfter } }),
  };
}

/** A reopened incident begins anew. */
const statusSinceReopen = ({ declaredAt, status, statusSince }: Incident): Date =>
  status === 'investigating' ? statusSince : declaredAt;

const later = (one: Date, other: Date | undefined): Date => (other && other > one ? other : one);
