/** What is left to do: action items are added and finished, also after the incident. */
import { person } from '../actor.ts';
import { type Decision, decision, entry, say } from '../decision.ts';
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
  const owner = item.owner ? person(item.owner) : 'not recorded';
  const words = `Action item ${item.number}: ${item.text} (owner ${owner}, due ${item.due ?? 'not recorded'})`;
  return told({ ...incident, actionItems: [...incident.actionItems, item] }, words, wish.by, now);
}

export function finishAction(incident: Incident, wish: Wish<'finish-action'>, now: Date): Decision | Refusal {
  const item = incident.actionItems.find(({ number }) => number === wish.number);
  if (!item) return refuse('ACTION_UNKNOWN', { found: wish.number, count: incident.actionItems.length });
  if (item.done) return refuse('ACTION_DONE', { found: wish.number });
  const actionItems = incident.actionItems.map((each) => (each === item ? { ...item, done: true } : each));
  const words = `Action item ${item.number} done: ${item.text}`;
  return told({ ...incident, actionItems }, words, wish.by, now);
}

const told = (incident: Incident, words: string, by: Actor, now: Date): Decision =>
  decision(incident, [entry(now, 'action', by, words)], [say(incident, words)]);
