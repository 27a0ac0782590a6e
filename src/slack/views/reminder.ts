/** A reminder in the incident's channel: what is due, whom it concerns, and what can be done about it. */
import type { Incident } from '../../domain/incident.ts';
import { COMMANDER, type Policy } from '../../domain/policy.ts';
import type { Reminder, ReminderKind } from '../../domain/reminders.ts';
import { context, section, type View, view } from './blocks.ts';
import { offerButtons } from './offers.ts';
import { mrkdwn } from './text.ts';
import { when, who } from './words.ts';

type Wanting = (incident: Incident, policy: Policy) => { readonly text: string; readonly offers: Offers };
type Offers = readonly { readonly label: string; readonly line: string; readonly style?: 'primary' }[];

/** An older one than the newest has been followed by it, and asks for nothing more. */
export function reminder(incident: Incident, number: number, policy: Policy): View {
  const { last } = incident.reminders;
  if (last?.number !== number) {
    const text = ':alarm_clock: This reminder was followed by a newer one.';
    return view(text, [context(text)]);
  }
  const { text, offers } = WANTED[last.kind](incident, policy);
  const said = `:alarm_clock: ${whom(incident)}${text}`;
  return last.state.kind === 'open'
    ? view(said, [section(said), offerButtons([...offers, ...putOff(incident, last.kind)])])
    : view(said, [context(`:alarm_clock: ${text} ${ended(last)}`)]);
}

const WANTED: Readonly<Record<ReminderKind, Wanting>> = {
  'roles-unclaimed': ({ id }) => ({
    text: 'Nobody leads this incident yet.',
    offers: [{ label: 'I lead', line: `lead inc-${id}`, style: 'primary' }],
  }),
  'update-due': ({ id, lastUpdate, statusSince }) => ({
    text: `An update is due; the last word was at ${when(lastUpdate && lastUpdate.at > statusSince ? lastUpdate.at : statusSince)}.`,
    offers: [{ label: 'Write an update', line: `update inc-${id}`, style: 'primary' }],
  }),
  'status-stale': ({ id, status, statusSince }) => ({
    text: `The status is *${status}* since ${when(statusSince)}. Is that still so?`,
    offers: [
      ...(['identified', 'mitigated'] as const)
        .filter((each) => each !== status)
        .map((each) => ({ label: `It is ${each}`, line: `status inc-${id} ${each}` })),
      { label: 'It is over', line: `resolve inc-${id}` },
    ],
  }),
  'postmortem-missing': ({ id, milestones, title }) => ({
    text: `The postmortem of *${mrkdwn(title)}* is missing; it was resolved ${milestones.resolved ? `at ${when(milestones.resolved.at)}` : 'at a time that is not recorded'}.`,
    offers: [{ label: 'Export it', line: `postmortem inc-${id}`, style: 'primary' }],
  }),
};

const putOff = ({ id }: Incident, kind: ReminderKind): Offers => [
  { label: 'Snooze 15 min', line: `snooze inc-${id} ${kind} 15m` },
  { label: 'Snooze 1 h', line: `snooze inc-${id} ${kind} 1h` },
  { label: 'Do not remind', line: `snooze inc-${id} ${kind} off` },
];

/** The commander; who declared it while there is none. */
const whom = ({ roles, declaredBy }: Incident): string => `${who(roles[COMMANDER] ?? declaredBy)} `;

function ended({ state }: Reminder): string {
  switch (state.kind) {
    case 'open':
      return '';
    case 'done':
      return 'Done.';
    case 'snoozed':
      return `Put off until ${when(state.until)} by ${who(state.by)}.`;
    case 'dismissed':
      return `Turned off by ${who(state.by)}.`;
  }
}
