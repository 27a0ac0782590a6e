/** What people say, and what the bot itself did or saw: written down, and told where it concerns others. */
import { person } from '../actor.ts';
import {
  announcement,
  card,
  type Decision,
  decision,
  entry,
  everywhere,
  type Moment,
  saidLate,
  say,
} from '../decision.ts';
import { type Account, channelName, type Incident, isOpen } from '../incident.ts';
import type { Wish } from '../intents.ts';
import type { Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { dueAt } from '../reminders.ts';
import { tellStakeholders } from '../stakeholders.ts';
import { titleOf } from '../title.ts';
import { formatUtc, inFuture } from '../when.ts';

/** Told to all, and the time until the next one begins anew. */
export function update(
  incident: Incident,
  wish: Wish<'update'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  const { text, by } = wish;
  if (text.trim() === '')
    return refuse('TEXT_MISSING', { what: 'update', example: 'update we are rolling back' });
  const { said, now } = moment;
  const { lastUpdate } = incident;
  // Said before, and heard after the one that stands.
  const overtaken = lastUpdate !== undefined && lastUpdate.at > said;
  const updated = overtaken ? incident : { ...incident, lastUpdate: { at: said, by, text } };
  const due = isOpen(incident) ? dueAt(updated, 'update-due', policy) : undefined;
  const next = due === undefined || due <= now ? '' : `\nNext update by ${formatUtc(due)}`;
  return decision(
    updated,
    [entry(said, 'update', by, text)],
    [
      say(incident, `:loudspeaker: *Update* by ${person(by)}${saidLate(moment)}: ${text}${next}`),
      card(incident),
      ...announcement(incident),
      ...tellStakeholders(updated, text, policy, moment),
    ],
  );
}

export const ACCOUNT_TITLES: Readonly<Record<Account, string>> = {
  impact: 'Impact',
  summary: 'Summary',
  cause: 'Cause',
  fix: 'What fixed it',
};

/** One line of the report; what it was before stays in the timeline. */
export function account(incident: Incident, wish: Wish<'account'>, now: Date): Decision | Refusal {
  const { account: name, by, text } = wish;
  if (text.trim() === '')
    return refuse('TEXT_MISSING', { what: name, example: `${name} users cannot see their orders` });
  const accounts = { ...incident.accounts, [name]: text };
  return decision(
    { ...incident, accounts },
    [entry(now, name, by, `${ACCOUNT_TITLES[name]}: ${text}`)],
    [
      say(incident, `*${ACCOUNT_TITLES[name]}* by ${person(by)}: ${text}`),
      card(incident),
      ...announcement(incident),
    ],
  );
}

export function rename(incident: Incident, wish: Wish<'rename'>, now: Date): Decision | Refusal {
  const title = titleOf(wish.title);
  if (typeof title !== 'string') return title;
  if (title === incident.title) return refuse('TITLE_SAME', { found: title });
  if (incident.archived) return refuse('CHANNEL_ARCHIVED', { number: incident.id });
  const renamed = { ...incident, title };
  const words = `Title: ${incident.title} → ${title}`;
  return decision(
    renamed,
    [entry(now, 'title', wish.by, words)],
    [
      { kind: 'rename-channel', incident: incident.id, name: channelName(incident.id, title) },
      say(incident, `${words}, by ${person(wish.by)}`),
      ...everywhere(renamed),
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

/** An export also ends the wait for the postmortem. */
export const record = (incident: Incident, wish: Wish<'record'>, now: Date): Decision =>
  decision(
    wish.entry === 'export' ? { ...incident, postmortemAt: now } : incident,
    [entry(wish.at ?? now, wish.entry, wish.by, wish.text, wish.details)],
    wish.effects ?? [],
  );
