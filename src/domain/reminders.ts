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
  /** When each was said last, and how often by then for the same wait. */
  readonly said: Readonly<Partial<Record<ReminderKind, { readonly at: Date; readonly times: number }>>>;
  /** When to look again. */
  readonly nextAt?: Date;
}

export const NO_REMINDERS: Reminders = { snoozed: {}, dismissed: [], said: {} };

const MOMENT_MS = 5 * 60_000;
/** Twice as late each time, at most a day: a quiet incident must not call somebody all night. */
const LONGEST_AGAIN = 24 * 3600;

/** When something is due that nobody has snoozed or dismissed; undefined: it is not asked for. */
export function dueAt(incident: Incident, kind: ReminderKind, policy: Policy): Date | undefined {
  const wait = waits(incident, policy)[kind];
  if (wait === undefined) return undefined;
  return new Date(wait.since.getTime() + wait.seconds * 1000);
}

/** What the bot reminds of next, and when: whichever is first takes the place of the one that is open. */
export function nextReminder(
  incident: Incident,
  policy: Policy,
): { readonly kind: ReminderKind; readonly at: Date } | undefined {
  const { dismissed, last } = incident.reminders;
  // People have a moment to do what the open one asks for before another one takes its place.
  const moment = last?.state.kind === 'open' ? new Date(last.at.getTime() + MOMENT_MS) : undefined;
  const candidates = REMINDERS.filter((kind) => !dismissed.includes(kind)).flatMap((kind) => {
    const at = nextOf(incident, kind, policy);
    return at ? [{ kind, at: kind === last?.kind ? at : later(at, moment) }] : [];
  });
  return candidates.reduce<(typeof candidates)[number] | undefined>(
    (first, each) => (first && first.at <= each.at ? first : each),
    undefined,
  );
}

/** When it is due, or after that when it is to be said once more: at the time somebody put it off to, or by itself. */
function nextOf(incident: Incident, kind: ReminderKind, policy: Policy): Date | undefined {
  const wait = waits(incident, policy)[kind];
  if (wait === undefined) return undefined;
  const putOff = incident.reminders.snoozed[kind];
  const said = saidOf(incident, kind, policy);
  if (said === undefined) return later(new Date(wait.since.getTime() + wait.seconds * 1000), putOff);
  if (putOff !== undefined && putOff > said.at) return putOff;
  const again = Math.min(wait.again * 2 ** (said.times - 1), LONGEST_AGAIN);
  return new Date(said.at.getTime() + again * 1000);
}

/** When and how often it was said for the wait that is on now; an update that came since began a new one. */
export function saidOf(
  incident: Incident,
  kind: ReminderKind,
  policy: Policy,
): Reminders['said'][ReminderKind] {
  const due = dueAt(incident, kind, policy);
  const said = incident.reminders.said[kind];
  return said !== undefined && due !== undefined && said.at >= due ? said : undefined;
}

/** True while what the open reminder asks for has not happened. */
export function stillWanted(incident: Incident, reminder: Reminder, policy: Policy): boolean {
  const due = dueAt(incident, reminder.kind, policy);
  return due !== undefined && due <= reminder.at;
}

interface Wait {
  readonly since: Date;
  readonly seconds: number;
  /** Seconds until an unheard reminder is said for the second time. */
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
  const { declaredAt, statusSince, lastUpdate, roles, kind } = incident;
  // Nobody waits for what is told afterwards.
  if (kind === 'retrospective') return {};
  const { unclaimedAfter } = policy.reminders;
  const told = later(statusSince, lastUpdate?.at);
  return {
    ...(roles[COMMANDER] === undefined
      ? { 'roles-unclaimed': { since: declaredAt, seconds: unclaimedAfter, again: unclaimedAfter } }
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
    'postmortem-missing': { since: statusSince, seconds: postmortemWithin, again: LONGEST_AGAIN },
  };
}

const later = (one: Date, other: Date | undefined): Date => (other && other > one ? other : one);
