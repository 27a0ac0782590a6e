/** What a commander would have to remember: which reminder is due, and when. One at a time. */
import type { Actor, Incident } from './incident.ts';
import { isOpen } from './incident.ts';
import { COMMANDER, type Policy, type SeveritySpec, severityOf } from './policy.ts';

/** In the order in which they go before one another when two are due. */
export const REMINDERS = ['roles-unclaimed', 'update-due', 'status-stale', 'postmortem-missing'] as const;
export type ReminderKind = (typeof REMINDERS)[number];

/** A reminder that was posted. */
export interface Reminder {
  /** Number within the incident, from 1. */
  readonly number: number;
  readonly kind: ReminderKind;
  readonly at: Date;
  /** How often it was said by now without being heard; once unless told. */
  readonly times?: number;
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
  /** Not before then. */
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

type Waits = Readonly<Partial<Record<ReminderKind, Wait>>>;

function waits(incident: Incident, policy: Policy): Waits {
  // An archived channel takes no message.
  if (incident.archived) return {};
  const spec = severityOf(policy, incident.severity);
  return isOpen(incident) ? whileOpen(incident, spec, policy) : afterwards(incident, spec);
}

function whileOpen(incident: Incident, { updateEvery, staleAfter }: SeveritySpec, policy: Policy): Waits {
  const { declaredAt, statusSince, lastUpdate, roles, kind, reminders } = incident;
  // Nobody waits for what is told afterwards.
  if (kind === 'retrospective') return {};
  const { unclaimedAfter } = policy.reminders;
  // Twice as late each time: a quiet incident must not call somebody every few minutes all night.
  const unheard = unclaimedAfter * 2 ** ((reminders.last?.times ?? 1) - 1);
  const told = later(statusSince, lastUpdate?.at);
  return {
    ...(roles[COMMANDER] === undefined
      ? { 'roles-unclaimed': { since: declaredAt, seconds: unclaimedAfter, again: unheard } }
      : {}),
    ...(updateEvery === undefined
      ? {}
      : { 'update-due': { since: told, seconds: updateEvery, again: updateEvery } }),
    ...(staleAfter === undefined
      ? {}
      : { 'status-stale': { since: statusSince, seconds: staleAfter, again: staleAfter } }),
  };
}

function afterwards(incident: Incident, { postmortemWithin }: SeveritySpec): Waits {
  const { kind, status, statusSince, postmortemAt } = incident;
  if (status !== 'resolved' || kind === 'drill' || postmortemWithin === undefined) return {};
  // What was exported while it was open is a draft.
  if (postmortemAt !== undefined && postmortemAt >= statusSince) return {};
  return {
    'postmortem-missing': { since: statusSince, seconds: postmortemWithin, again: POSTMORTEM_AGAIN },
  };
}

const later = (one: Date, other: Date | undefined): Date => (other && other > one ? other : one);
