/** What is left to do: action items are added, assigned, finished and exported, also after the incident. */
import { shownReminder } from '../action-reminders.ts';
import { isSlackUser, person } from '../actor.ts';
import { dayWithWeekday } from '../deadline.ts';
import { card, type Decision, decision, entry, say } from '../decision.ts';
import type { Effect } from '../effects.ts';
import type { ActionItem, Actor, Incident } from '../incident.ts';
import type { Wish } from '../intents.ts';
import type { Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { dayOn } from '../when.ts';

const EXAMPLE = 'action add a staging test for migrations @dba by 30 June';

export function addAction(
  incident: Incident,
  wish: Wish<'add-action'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const { by, owner, due } = wish;
  const refused = refuseText(wish.text);
  if (refused) return refused;
  const item: ActionItem = {
    ...newItem(incident.actionItems.length + 1, wish.text, by),
    ...(owner ? { owner } : {}),
    ...(due ? { due, quietUntil: dayOn(now, policy.timezone) } : {}),
  };
  const after = { ...incident, actionItems: [...incident.actionItems, item] };
  return told(after, item, added(item), by, now, [
    ...assigned(after, item, by),
    ...tracked(after, item, policy),
  ]);
}

export function finishAction(
  incident: Incident,
  { number, by }: Wish<'finish-action'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  if (item.done) return refuse('ACTION_DONE', { found: number });
  const words = `Action item ${number} done: ${item.text}`;
  return changed(incident, item, { ...item, done: true }, { words, by, now, policy, state: true });
}

export function reopenAction(
  incident: Incident,
  { number, by }: Wish<'reopen-action'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  if (!item.done) return refuse('ACTION_OPEN', { found: number });
  const words = `Action item ${number} opened again: ${item.text}`;
  const open = { ...item, done: false, quietUntil: dayOn(now, policy.timezone) };
  return changed(incident, item, open, { words, by, now, policy, state: true });
}

export function assignAction(
  incident: Incident,
  { number, by, owner }: Wish<'assign-action'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  if (item.owner === owner)
    return refuse('ACTION_SAME', { found: number, what: `the owner ${person(owner)}` });
  const before = item.owner === undefined ? '' : ` (was ${person(item.owner)})`;
  const words = `Action item ${number} belongs to ${person(owner)}${before}: ${item.text}`;
  const after = { ...item, owner };
  const made = changed(incident, item, after, { words, by, now, policy });
  return { ...made, effects: [...made.effects, ...assigned(made.incident, after, by)] };
}

export function dueAction(
  incident: Incident,
  { number, by, due }: Wish<'due-action'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  if (item.due === due) return refuse('ACTION_SAME', { found: number, what: `the deadline ${due}` });
  const before = item.due === undefined ? '' : ` (was ${item.due})`;
  const words = `Action item ${number} is due on ${dayWithWeekday(due)}${before}: ${item.text}`;
  const after = { ...item, due, quietUntil: dayOn(now, policy.timezone) };
  return changed(incident, item, after, { words, by, now, policy });
}

/** Known already: the answer of the tracker was heard twice. */
export function actionTracked(
  incident: Incident,
  { number, issue }: Wish<'action-tracked'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  if (item.issue?.url === issue.url) return decision(incident, [], []);
  const words = `Action item ${number} is ${policy.tracker ?? 'tracked'} #${issue.number}: ${issue.url}`;
  const after = withItem(incident, { ...item, issue });
  const kept = entry(now, 'action', 'firebreak', words, { item: number });
  return decision(after, [kept], [say(after, words), card(after)]);
}

export function actionUntracked(
  incident: Incident,
  { number, reason, final }: Wish<'action-untracked'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const item = itemOf(incident, number);
  if ('ok' in item) return item;
  const then = final ? 'It will not be tried again.' : 'It is tried again.';
  const words = `:warning: Action item ${number} is not in ${policy.tracker ?? 'the tracker'}${item.issue ? ' as it is here' : ''}: ${reason}. ${then}`;
  const kept = entry(now, 'action', 'firebreak', words.replace(/^:warning: /, ''), { item: number });
  return decision(incident, [kept], [say(incident, words)]);
}

/** What fixed it, and what is left to do, asked for when it was resolved. */
export function wrapUp(
  incident: Incident,
  wish: Wish<'wrap-up'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const { by } = wish;
  const fix = wish.fix?.trim() ?? '';
  const followUps = wish.followUps.map((text) => text.trim()).filter((text) => text !== '');
  if (fix === '' && followUps.length === 0)
    return refuse('TEXT_MISSING', { what: 'wrap-up', example: 'fix the migration was rolled back' });
  const refused = followUps.map(refuseText).find((each) => each !== undefined);
  if (refused) return refused;
  const fixed = fix === '' ? incident : { ...incident, accounts: { ...incident.accounts, fix } };
  const items = followUps.map((text, index) => newItem(incident.actionItems.length + index + 1, text, by));
  const words = [
    ...(fix === '' ? [] : [['fix', `What fixed it: ${fix}`] as const]),
    ...items.map((item) => ['action', added(item)] as const),
  ];
  return decision(
    { ...fixed, actionItems: [...incident.actionItems, ...items] },
    words.map(([kind, text]) => entry(now, kind, by, text)),
    [
      say(incident, words.map(([, text]) => text).join('\n')),
      card(incident),
      ...items.flatMap((item) => tracked(incident, item, policy)),
    ],
  );
}

/** Whom an action item is assigned to is not yet what is to be done. */
function refuseText(text: string): Refusal | undefined {
  if (text.trim() === '') return refuse('TEXT_MISSING', { what: 'action', example: EXAMPLE });
  const task = text.replace(/<[@#!][^<>]*>|@[\w.-]+/g, '');
  return /[\p{L}\p{N}]/u.test(task)
    ? undefined
    : refuse('ACTION_WITHOUT_TASK', { found: text.trim(), example: EXAMPLE });
}

const newItem = (number: number, text: string, createdBy: Actor): ActionItem => ({
  number,
  text,
  done: false,
  createdBy,
});

const itemOf = ({ actionItems }: Incident, wanted: number): ActionItem | Refusal =>
  actionItems.find(({ number }) => number === wanted) ??
  refuse('ACTION_UNKNOWN', { found: wanted, count: actionItems.length });

const withItem = (incident: Incident, item: ActionItem): Incident => ({
  ...incident,
  actionItems: incident.actionItems.map((each) => (each.number === item.number ? item : each)),
});

interface Change {
  readonly words: string;
  readonly by: Actor;
  readonly now: Date;
  readonly policy: Policy;
  /** It is done, or open again: the tracker has to follow. */
  readonly state?: true;
}

/** The item as it is now; the reminder of what it was asks for nothing more. */
function changed(
  incident: Incident,
  before: ActionItem,
  { reminder, ...item }: ActionItem,
  { words, by, now, policy, state }: Change,
): Decision {
  const after = withItem(incident, item);
  return told(after, item, words, by, now, [
    ...(reminder ? [shownReminder(incident, before, reminder)] : []),
    // What was added before there was a tracker is exported when it is touched.
    ...(state || !item.issue ? tracked(after, item, policy) : []),
  ]);
}

const added = ({ number, text, owner, due }: ActionItem): string =>
  `Action item ${number}: ${text} (owner ${owner ? person(owner) : 'not recorded'}, due ${due ?? 'not recorded'})`;

function told(
  incident: Incident,
  { number }: ActionItem,
  words: string,
  by: Actor,
  now: Date,
  more: readonly Effect[],
): Decision {
  const kept = entry(now, 'action', by, words, { item: number });
  return decision(incident, [kept], [say(incident, words), card(incident), ...more]);
}

/** The owner learns of it, unless they did it themselves. Who is in no private incident learns its task, and no more. */
function assigned(
  incident: Incident,
  { number, text, owner, due }: ActionItem,
  by: Actor,
): readonly Effect[] {
  if (owner === undefined || owner === by || !isSlackUser(owner)) return [];
  const drill = incident.kind === 'drill' ? '*DRILL* ' : '';
  const of = incident.private ? `inc-${incident.id}` : `inc-${incident.id} (${incident.title})`;
  const deadline = due === undefined ? 'It has no deadline' : `It is due on ${dayWithWeekday(due)}`;
  const words = `:clipboard: ${drill}${person(by)} gave you action item ${number} of ${of}: ${text}\n${deadline}. When it is done: \`action inc-${incident.id} done ${number}\``;
  return [{ kind: 'say', to: { kind: 'user', id: owner }, text: words }];
}

/** What is private stays here, and a drill leaves nothing to do. */
function tracked(incident: Incident, { number }: ActionItem, { tracker }: Policy): readonly Effect[] {
  const stays = tracker === undefined || incident.private || incident.kind === 'drill';
  return stays ? [] : [{ kind: 'track', incident: incident.id, item: number }];
}
