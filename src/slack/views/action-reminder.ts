/** A reminder of an action item: to its owner, or in the channel when nobody has it. */
import { DateTime } from 'luxon';
import { dayWithWeekday } from '../../domain/deadline.ts';
import type { ActionItem, Incident } from '../../domain/incident.ts';
import { context, section, type View, view } from './blocks.ts';
import { offerButtons } from './offers.ts';
import { count, mrkdwn } from './text.ts';
import { who } from './words.ts';

/** The reminder of the day `on`; undefined when there is no such item. */
export function actionReminder(incident: Incident, number: number, on: string): View | undefined {
  const item = incident.actionItems.find((each) => each.number === number);
  if (item === undefined) return undefined;
  // Its owner may be in no private incident: of that they read their task, and nothing else.
  const of = `inc-${incident.id}${incident.private ? '' : ` (${mrkdwn(incident.title)})`}`;
  const head = `Action item ${number} of ${of}: ${mrkdwn(item.text)}`;
  if (item.done || item.reminder?.on !== on)
    return view(head, [context(`:calendar: ${head}\n${ended(item, on)}`)]);
  const text = `:calendar: ${due(item, on)}: ${head}${item.owner === undefined ? '\nNobody owns it yet.' : ''}`;
  return view(text, [section(text), buttons(incident, item, on)]);
}

/** The day itself stands in the line: a second click moves it no further. */
const buttons = ({ id }: Incident, { number, owner, due: day }: ActionItem, on: string) =>
  offerButtons([
    { label: 'Done', line: `action inc-${id} done ${number}`, style: 'primary' },
    { label: 'Move by a week', line: `action inc-${id} due ${number} ${weekAfter(day, on)}` },
    ...(owner === undefined ? [{ label: 'I take it', line: `action inc-${id} assign ${number} me` }] : []),
  ]);

function due({ due: day }: ActionItem, on: string): string {
  if (day === undefined) return 'No deadline any more';
  const days = daysBetween(on, day);
  if (days > 1) return `Due in ${days} days, on ${dayWithWeekday(day)}`;
  if (days === 1) return `Due tomorrow, ${dayWithWeekday(day)}`;
  return days === 0 ? 'Due today' : `Overdue by ${count(-days, 'day')}, it was due on ${dayWithWeekday(day)}`;
}

function ended({ done, due: day, owner, reminder }: ActionItem, on: string): string {
  if (done) return ':white_check_mark: Done.';
  if (reminder && reminder.on > on) return 'This reminder was followed by a newer one.';
  return `Now: ${owner === undefined ? 'nobody owns it' : who(owner)}, ${day === undefined ? 'no deadline' : `due on ${dayWithWeekday(day)}`}.`;
}

const weekAfter = (day: string | undefined, on: string): string =>
  DateTime.fromISO(day !== undefined && day > on ? day : on, { zone: 'utc' })
    .plus({ weeks: 1 })
    .toFormat('yyyy-MM-dd');

const daysBetween = (from: string, to: string): number =>
  DateTime.fromISO(to, { zone: 'utc' }).diff(DateTime.fromISO(from, { zone: 'utc' }), 'days').days;
