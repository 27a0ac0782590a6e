/** Who does what in an incident: roles, and pages with their answers. */
import { person } from '../actor.ts';
import { card, type Decision, decision, entry, everywhere, say, type Timer } from '../decision.ts';
import type { Effect } from '../effects.ts';
import { type Incident, isOpen, type Page, ROLE_TITLES } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { acknowledge } from '../milestone.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { notOpen } from './state.ts';

/** Seconds after which an unanswered page is told to the channel. */
const PAGE_TIMEOUT_S = 300;

export function assignRole(incident: Incident, wish: Wish<'role'>, now: Date): Decision | Refusal {
  const { role, user, by } = wish;
  const before = incident.roles[role];
  const title = ROLE_TITLES[role];
  if (before === user) return refuse('ROLE_SAME', { role: title, found: person(user) });
  if (!isOpen(incident)) return notOpen(incident);
  const held = { ...incident, roles: { ...incident.roles, [role]: user } };
  const words = `${title}: ${before ? `${person(before)} → ` : ''}${person(user)}`;
  return decision(
    role === 'commander' ? acknowledge(held, by, now) : held,
    [entry(now, 'role', by, words)],
    [invite(incident, [user]), say(incident, words), ...everywhere(incident)],
  );
}

export function escalate(incident: Incident, wish: Wish<'escalate'>, now: Date): Decision | Refusal {
  const { team, by } = wish;
  const users = [...new Set(wish.users)];
  if (!isOpen(incident)) return notOpen(incident);
  if (users.length === 0) return refuse('NOBODY_ON_CALL', { team });
  const pages = newPages(incident, { ...wish, users }, now);
  const words = `Paged ${team} (${users.map(person).join(', ')})${wish.reason ? `: ${wish.reason}` : ''}`;
  return decision(
    { ...incident, pages: [...incident.pages, ...pages] },
    [entry(now, 'page', by, words)],
    [
      invite(incident, users),
      ...pages.map((page) => pageMessage(incident, page)),
      say(incident, `:pager: ${words}, asked for by ${person(by)}`),
    ],
    pages.map((page) => pageTimer(incident, page, now)),
  );
}

export function answerPage(incident: Incident, wish: Wish<'answer-page'>, now: Date): Decision | Refusal {
  const { by, answer } = wish;
  const page = pageOf(incident, wish);
  if (!page) return refuse('PAGE_UNKNOWN', { found: wish.page });
  if (page.answer) return refuse('PAGE_ANSWERED', { found: page.answer.kind, by: person(page.answer.by) });
  if (by !== page.user) return refuse('PAGE_OF_ANOTHER', { by: person(page.user) });
  const answered: Page = { ...page, answer: { kind: answer, by, at: now } };
  const state = { ...incident, pages: incident.pages.map((each) => (each === page ? answered : each)) };
  const words = `${person(by)} ${answer} the page to ${page.team}`;
  return decision(
    answer === 'acknowledged' ? acknowledge(state, by, now) : state,
    [entry(now, 'answer', by, words)],
    [pageMessage(incident, page), say(incident, words), card(incident)],
  );
}

export function tellUnanswered(incident: Incident, wish: Wish<'page-unanswered'>, now: Date): Decision {
  const page = pageOf(incident, wish);
  // Told once, though the timer may come again after a crash.
  if (!page || page.answer || page.told || !isOpen(incident)) return decision(incident, [], []);
  const pages = incident.pages.map((each) => (each === page ? { ...page, told: true as const } : each));
  const words = `No answer from ${person(page.user)} (${page.team}) in ${PAGE_TIMEOUT_S / 60} min; call them, or page somebody else`;
  return decision(
    { ...incident, pages },
    [entry(now, 'answer', 'firebreak', words)],
    [say(incident, `:warning: ${words}`)],
  );
}

const newPages = ({ pages }: Incident, wish: Wish<'escalate'>, now: Date): readonly Page[] =>
  wish.users.map((user, position) => ({
    number: pages.length + position + 1,
    team: wish.team,
    user,
    requestedBy: wish.by,
    at: now,
    ...(wish.reason ? { reason: wish.reason } : {}),
  }));

const pageOf = ({ pages }: Incident, { page }: { readonly page: number }): Page | undefined =>
  pages.find(({ number }) => number === page);

const invite = ({ id }: Incident, users: readonly string[]): Effect => ({
  kind: 'invite',
  incident: id,
  users,
});

const pageMessage = ({ id }: Incident, page: Page): Effect => ({
  kind: 'live',
  to: { kind: 'user', id: page.user },
  subject: { kind: 'page', incident: id, page: page.number },
});

const pageTimer = ({ id }: Incident, { number }: Page, now: Date): Timer => ({
  key: `page-unanswered:${id}:${number}`,
  kind: 'page-unanswered',
  dueAt: new Date(now.getTime() + PAGE_TIMEOUT_S * 1000),
  payload: { incident: id, page: number },
});
