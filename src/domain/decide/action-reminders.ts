/** Reminds of action items that are due: each once, to its owner or, without one, in the incident's channel. */
import { actionReminderAt, remindedPerson, shownReminder } from '../action-reminders.ts';
import type { Decision } from '../decision.ts';
import type { Effect } from '../effects.ts';
import type { ActionItem, Incident } from '../incident.ts';
import type { Policy } from '../policy.ts';
import { dayOn } from '../when.ts';

/** Adds to a look at an incident what is due of its action items. */
export function withActionReminders(made: Decision, policy: Policy, now: Date): Decision {
  const { incident, effects } = made;
  const due = incident.actionItems.filter((item) => isDue(incident, item, policy, now));
  if (due.length === 0) return made;
  const today = dayOn(now, policy.timezone);
  return {
    ...made,
    incident: {
      ...incident,
      actionItems: incident.actionItems.map((item) => (due.includes(item) ? reminded(item, today) : item)),
    },
    effects: [...effects, ...due.flatMap((item) => said(incident, item, today))],
  };
}

const isDue = (incident: Incident, item: ActionItem, policy: Policy, now: Date): boolean => {
  const at = actionReminderAt(incident, item, policy);
  return at !== undefined && at <= now;
};

function reminded(item: ActionItem, today: string): ActionItem {
  const to = remindedPerson(item);
  return { ...item, quietUntil: today, reminder: { on: today, ...(to === undefined ? {} : { to }) } };
}

/** The one before loses its buttons: one at a time asks for something. */
function said(incident: Incident, item: ActionItem, today: string): readonly Effect[] {
  const { reminder } = reminded(item, today);
  return [
    ...(item.reminder ? [shownReminder(incident, item, item.reminder)] : []),
    ...(reminder ? [shownReminder(incident, item, reminder)] : []),
  ];
}
