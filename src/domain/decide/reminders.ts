/** Reminders: posted when something is due, ended when it has happened, put off or turned off by people. */
import { nextActionReminder } from '../action-reminders.ts';
import { type Decision, decision, entry } from '../decision.ts';
import type { Effect } from '../effects.ts';
import type { Incident } from '../incident.ts';
import type { Wish } from '../intents.ts';
import type { Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { nextReminder, type Reminder, type ReminderKind, saidOf, stillWanted } from '../reminders.ts';
import { formatUtc } from '../when.ts';

/** Posts what is due; nothing when it is not due after all. */
export function remind(incident: Incident, now: Date, policy: Policy): Decision {
  const next = nextReminder(incident, policy);
  if (!next || next.at > now) return decision(incident, [], []);
  const open = openReminder(incident);
  const reminder: Reminder = {
    number: (incident.reminders.last?.number ?? 0) + 1,
    kind: next.kind,
    at: now,
    state: { kind: 'open' },
  };
  const times = (saidOf(incident, next.kind, policy)?.times ?? 0) + 1;
  const { said } = incident.reminders;
  const reminded = withLast(
    { ...incident, reminders: { ...incident.reminders, said: { ...said, [next.kind]: { at: now, times } } } },
    reminder,
  );
  // The one before loses its buttons: there is one at a time.
  return decision(reminded, [], [...(open ? [shown(incident, open)] : []), shown(incident, reminder)]);
}

/** Ends the open reminder when what it asked for has happened, and says when to look again. */
export function withReminders(made: Decision, policy: Policy, now: Date): Decision {
  const { incident } = made;
  const { last } = incident.reminders;
  const over = last?.state.kind === 'open' && !stillWanted(incident, last, policy);
  const ended = over ? withLast(incident, { ...last, state: { kind: 'done' } }) : incident;
  const { nextAt: _, ...reminders } = ended.reminders;
  const next = earlier(nextReminder(ended, policy)?.at, nextActionReminder(ended, policy));
  return {
    ...made,
    incident: {
      ...ended,
      // What is overdue is said at the next look; there was none before this moment.
      reminders: { ...reminders, ...(next ? { nextAt: next > now ? next : now } : {}) },
    },
    // First of all: a channel that is archived takes no edit afterwards.
    effects: over ? [shown(incident, last), ...made.effects] : made.effects,
  };
}

export function snooze(
  incident: Incident,
  { by, seconds, reminder }: Wish<'snooze'>,
  now: Date,
): Decision | Refusal {
  const open = meant(incident, reminder);
  if (!open) return refuse('NO_REMINDER');
  const until = new Date(now.getTime() + seconds * 1000);
  const { snoozed } = incident.reminders;
  const put = withLast(incident, { ...open, state: { kind: 'snoozed', by, until } });
  return decision(
    { ...put, reminders: { ...put.reminders, snoozed: { ...snoozed, [open.kind]: until } } },
    [entry(now, 'reminder', by, `Reminder ${open.kind} put off until ${formatUtc(until)}`)],
    [shown(incident, open)],
  );
}

export function dismiss(
  incident: Incident,
  { by, reminder }: Wish<'dismiss'>,
  now: Date,
): Decision | Refusal {
  const open = meant(incident, reminder);
  if (!open) return refuse('NO_REMINDER');
  const put = withLast(incident, { ...open, state: { kind: 'dismissed', by } });
  const dismissed = [...new Set([...incident.reminders.dismissed, open.kind])];
  return decision(
    { ...put, reminders: { ...put.reminders, dismissed } },
    [entry(now, 'reminder', by, `Reminder ${open.kind} turned off for this incident`)],
    [shown(incident, open)],
  );
}

const earlier = (one: Date | undefined, other: Date | undefined): Date | undefined =>
  one && other ? new Date(Math.min(one.getTime(), other.getTime())) : (one ?? other);

/** The open one; a button of another one, which ended as it was clicked, means none. */
const meant = (incident: Incident, kind: ReminderKind | undefined): Reminder | undefined => {
  const open = openReminder(incident);
  return kind === undefined || kind === open?.kind ? open : undefined;
};

const openReminder = ({ reminders: { last } }: Incident): Reminder | undefined =>
  last?.state.kind === 'open' ? last : undefined;

const withLast = (incident: Incident, last: Reminder): Incident => ({
  ...incident,
  reminders: { ...incident.reminders, last },
});

const shown = ({ id }: Incident, { number }: Reminder): Effect => ({
  kind: 'live',
  to: { kind: 'incident', id },
  subject: { kind: 'reminder', incident: id, reminder: number },
});
