/** What people say, and what the bot itself did or saw: written down, and told where it concerns others. */
import { person } from '../actor.ts';
import { announcement, card, type Decision, decision, entry, say } from '../decision.ts';
import type { Incident } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { inFuture } from '../when.ts';

export function update(incident: Incident, wish: Wish<'update'>, now: Date): Decision | Refusal {
  const { text, by } = wish;
  if (text.trim() === '')
    return refuse('TEXT_MISSING', { what: 'update', example: 'update we are rolling back' });
  return decision(
    incident,
    [entry(now, 'update', by, text)],
    [
      say(incident, `:loudspeaker: *Update* by ${person(by)}: ${text}`),
      card(incident),
      announcement(incident),
    ],
  );
}

export function note(incident: Incident, wish: Wish<'note'>, now: Date): Decision | Refusal {
  if (wish.text.trim() === '')
    return refuse('TEXT_MISSING', { what: 'note', example: 'note -15m customers report an empty page' });
  if (wish.at && wish.at > now) return inFuture(wish.at, now);
  const noted = entry(wish.at ?? now, 'note', wish.by, wish.text);
  return decision(incident, [{ ...noted, ...(wish.link ? { link: wish.link } : {}) }], []);
}

export const record = (incident: Incident, wish: Wish<'record'>, now: Date): Decision =>
  decision(
    incident,
    [entry(wish.at ?? now, wish.entry, wish.by, wish.text, wish.details)],
    wish.effects ?? [],
  );
