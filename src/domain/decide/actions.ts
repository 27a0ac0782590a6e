/** What is left to do: action items are added and finished, also after the incident. */
import { person } from '../actor.ts';
import { card, type Decision, decision, entry, say } from '../decision.ts';
import type { ActionItem, Actor, Incident } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { type Refusal, refuse } from '../refusal.ts';

const EXAMPLE = 'action add a staging test for migrations @dba due 2026-12-01';

export function addAction(incident: Incident, wish: Wish<'add-action'>, now: Date): Decision | Refusal {
  if (wish.text.trim() === '') return refuse('TEXT_MISSING', { what: 'action', example: EXAMPLE });
  const item: ActionItem = {
    number: incident.actionItems.length + 1,
    text: wish.text,
    done: false,
    createdBy: wish.by,
    ...(wish.owner ? { owner: wish.owner } : {}),
    ...(wish.due ? { due: wish.due } : {}),
  };
  return told({ ...incident, actionItems: [...incident.actionItems, item] }, added(item), wish.by, now);
}

export function finishAction(incident: Incident, wish: Wish<'finish-action'>, now: Date): Decision | Refusal {
  const item = incident.actionItems.find(({ number }) => number === wish.number);
  if (!item) return refuse('ACTION_UNKNOWN', { found: wish.number, count: incident.actionItems.length });
  if (item.done) return refuse('ACTION_DONE', { found: wish.number });
  const actionItems = incident.actionItems.map((each) => (each === item ? { ...item, done: true } : each));
  const words = `Action item ${item.number} done: ${item.text}`;
  return told({ ...incident, actionItems }, words, wish.by, now);
}

/** What fixed it, and what is left to do, asked for when it was resolved. */
export function wrapUp(incident: Incident, wish: Wish<'wrap-up'>, now: Date): Decision | Refusal {
  const { by } = wish;
  const fix = wish.fix?.trim() ?? '';
  const followUps = wish.followUps.map((text) => text.trim()).filter((text) => text !== '');
  if (fix === '' && followUps.length === 0)
    return refuse('TEXT_MISSING', { what: 'wrap-up', example: 'fix the migration was rolled back' });
  const fixed = fix === '' ? incident : { ...incident, accounts: { ...incident.accounts, fix } };
  const items = followUps.map(
    (text, index): ActionItem => ({
      number: incident.actionItems.length + index + 1,
      text,
      done: false,
      createdBy: by,
    }),
  );
  const words = [
    ...(fix === '' ? [] : [['fix', `What fixed it: ${fix}`] as const]),
    ...items.map((item) => ['action', added(item)] as const),
  ];
  return decision(
    { ...fixed, actionItems: [...incident.actionItems, ...items] },
    words.map(([kind, text]) => entry(now, kind, by, text)),
    [say(incident, words.map(([, text]) => text).join('\n')), card(incident)],
  );
}

const added = ({ number, text, owner, due }: ActionItem): string =>
  `Action item ${number}: ${text} (owner ${owner ? person(owner) : 'not recorded'}, due ${due ?? 'not recorded'})`;

const told = (incident: Incident, words: string, by: Actor, now: Date): Decision =>
  decision(incident, [entry(now, 'action', by, words)], [say(incident, words), card(incident)]);
