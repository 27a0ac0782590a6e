/** Asking a team for help: level after level, until somebody acknowledges. The channel always knows how it stands. */
import { person } from '../actor.ts';
import { card, type Decision, decision, entry, invite, type Moment, say, type Timer } from '../decision.ts';
import type { Effect } from '../effects.ts';
import { type Escalation, type Incident, isOpen, type Page } from '../incident.ts';
import type { Roster, Wish } from '../intents.ts';
import { acknowledge } from '../milestone.ts';
import type { OutgoingPage } from '../outgoing-page.ts';
import type { Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { formatUtc } from '../when.ts';
import { notOpen } from './not-open.ts';
import {
  escalationOf,
  newPages,
  pagesOf,
  pagesToSamePerson,
  unanswered,
  withAnswer,
  withEscalation,
  withPage,
} from './pages.ts';
import { asked, call, problemsOf, silence, unread, WAY_NAMES } from './paging-words.ts';

export function escalate(incident: Incident, wish: Wish<'escalate'>, now: Date): Decision | Refusal {
  const { team, by, roster, reason } = wish;
  if (!isOpen(incident)) return notOpen(incident);
  const under = incident.escalations.find((each) => each.team === team && each.state === 'paging');
  if (under && !wish.again) return alreadyPaging(incident, under, reason);
  if (isEmpty(roster)) return refuse('NOBODY_ON_CALL', { team, problems: problemsOf(roster) });
  const escalation: Escalation = {
    number: incident.escalations.length + 1,
    team,
    requestedBy: by,
    at: now,
    ...(reason ? { reason } : {}),
    ...reached(roster, now),
    ways: roster.ways,
    state: 'paging',
  };
  const words = `Paged ${asked(escalation, roster)}${reason ? `: ${reason}` : ''}`;
  const begun = { ...incident, escalations: [...incident.escalations, escalation] };
  return paging(begun, escalation, roster, by, now, {
    entryText: words,
    said: `:pager: ${words}, asked for by ${person(by)}${unread(roster)}`,
  });
}

/** Two who ask at once must not wake the next level twice. */
const alreadyPaging = (
  { id }: Incident,
  { team, level, requestedBy, levelAt }: Escalation,
  reason: string | undefined,
): Refusal =>
  refuse('ALREADY_PAGING', { team, level, by: person(requestedBy), since: formatUtc(levelAt) }, [
    {
      label: 'Page them again anyway',
      line: ['escalate', `inc-${id}`, '--again', team, reason ?? ''].join(' ').trim(),
    },
  ]);

/** The wait of a level is over, or everybody of it has declined. */
export function escalationDue(
  incident: Incident,
  wish: Wish<'escalation-due'>,
  now: Date,
  policy: Policy,
): Decision {
  const escalation = escalationOf(incident, wish.escalation);
  // Once a level, though the timer may come again after a crash.
  if (escalation?.state !== 'paging' || escalation.level !== wish.level || !isOpen(incident))
    return decision(incident, [], []);
  const { roster } = wish;
  return roster && !isEmpty(roster)
    ? nextLevel(incident, escalation, roster, now)
    : exhausted(incident, escalation, roster, policy, now);
}

export function answerPage(
  incident: Incident,
  wish: Wish<'answer-page'>,
  moment: Moment,
): Decision | Refusal {
  const { by, answer } = wish;
  const page = incident.pages.find(({ number }) => number === wish.page);
  if (!page) return refuse('PAGE_UNKNOWN', { found: wish.page });
  // Who declined may come after all.
  const changed = page.answer?.kind === 'declined' && answer === 'acknowledged';
  if (page.answer && !changed)
    return refuse('PAGE_ANSWERED', { found: page.answer.kind, by: person(page.answer.by) });
  if (by !== page.user) return refuse('PAGE_OF_ANOTHER', { by: person(page.user) });
  if (!isOpen(incident))
    return refuse('PAGE_OVER', { found: incident.status, since: formatUtc(incident.statusSince) });
  const answered = withAnswer(incident, page, { kind: answer, by, at: moment.said });
  return answer === 'acknowledged' ? comes(answered, page, moment) : declines(answered, page, moment);
}

/** Slack does not take the direct message. */
export function pageUnsent(
  incident: Incident,
  { page: number, reason }: Wish<'page-unsent'>,
  now: Date,
  policy: Policy,
): Decision {
  const page = incident.pages.find((each) => each.number === number);
  if (!page || page.unsent !== undefined || page.answer || !isOpen(incident))
    return decision(incident, [], []);
  const marked = withPage(incident, { ...page, unsent: reason });
  const words = `The page to ${person(page.user)} (${page.team}) could not be sent: ${reason}. Call them: ${call(page.user, policy)}`;
  return decision(
    marked,
    [entry(now, 'answer', 'firebreak', words)],
    [say(incident, `:warning: ${words}`), card(incident)],
    giveUpOn(marked, page, now),
  );
}

/** PagerDuty or the webhook does not take the page. */
export function wayUnsent(incident: Incident, wish: Wish<'way-unsent'>, now: Date, policy: Policy): Decision {
  const escalation = escalationOf(incident, wish.escalation);
  // Though the last level did not answer, it matters why: nobody was rung.
  if (escalation?.state !== 'paging' && escalation?.state !== 'exhausted') return decision(incident, [], []);
  const users = pagesOf(incident, escalation, wish.level).map(({ user }) => user);
  const more = wish.final ? '' : ' It is tried again.';
  const whom = users.length > 0 ? ` Call them: ${users.map((user) => call(user, policy)).join(', ')}` : '';
  const words = `${WAY_NAMES[wish.way]} did not take the page to ${escalation.team}: ${wish.reason}.${more}${whom}`;
  return decision(
    incident,
    [entry(now, 'answer', 'firebreak', words)],
    [say(incident, `:warning: ${words}`)],
  );
}

/** Ends what is still paging, since the incident has ended. */
export function stopPaging(incident: Incident): {
  readonly incident: Incident;
  readonly effects: readonly Effect[];
} {
  const open = incident.escalations.filter(({ state }) => state === 'paging');
  const stopped: Incident = {
    ...incident,
    escalations: incident.escalations.map((each) =>
      open.includes(each) ? { ...each, state: 'stopped' } : each,
    ),
  };
  const known = incident.escalations.filter(({ ways }) => ways.length > 0);
  return {
    incident: stopped,
    effects: [
      ...open.flatMap((each) => unanswered(incident, each).map((page) => pageMessage(incident, page))),
      ...known.flatMap((each) => outgoing(incident, each, 'resolve', [])),
    ],
  };
}

function nextLevel(incident: Incident, before: Escalation, roster: Roster, now: Date): Decision {
  const escalation: Escalation = { ...before, ...reached(roster, now) };
  const words = `${silence(incident, before)}, paging ${asked(escalation, roster)}`;
  const text = `Paged ${before.team} level ${before.level}, ${words}`;
  return paging(withEscalation(incident, escalation), escalation, roster, 'firebreak', now, {
    entryText: text,
    said: `:pager: ${text}${unread(roster)}`,
  });
}

function exhausted(
  incident: Incident,
  escalation: Escalation,
  roster: Roster | undefined,
  policy: Policy,
  now: Date,
): Decision {
  const { team } = escalation;
  const silent = unanswered(incident, escalation).map(({ user }) => user);
  const calls = [...new Set(silent)].map((user) => call(user, policy)).join(', ');
  const advice = calls === '' ? 'Page somebody else' : `Call them: ${calls}; or page somebody else`;
  const words = `Paged ${team} level ${escalation.level}, ${silence(incident, escalation)}, and nobody is left to page. ${advice}`;
  return decision(
    withEscalation(incident, { ...escalation, state: 'exhausted' }),
    [entry(now, 'answer', 'firebreak', words)],
    [say(incident, `:warning: ${words}${roster ? unread(roster) : ''}`), card(incident)],
  );
}

/** What a page to a level takes: messages, other ways, and the end of its wait. */
function paging(
  incident: Incident,
  escalation: Escalation,
  roster: Roster,
  by: string,
  now: Date,
  { entryText, said }: { readonly entryText: string; readonly said: string },
): Decision {
  const users = [...new Set(roster.users)];
  const pages = newPages(incident, escalation, users, now);
  return decision(
    { ...incident, pages: [...incident.pages, ...pages] },
    [
      entry(
        now,
        'page',
        by,
        entryText,
        roster.problems.length > 0 ? { problems: roster.problems } : undefined,
      ),
    ],
    [
      ...pages.map((page) => pageMessage(incident, page)),
      ...outgoing(incident, escalation, 'trigger', users),
      ...(users.length > 0 ? [invite(incident, users)] : []),
      say(incident, said),
      card(incident),
    ],
    [dueTimer(incident, escalation, 'wait', new Date(now.getTime() + roster.waitSeconds * 1000))],
  );
}

function comes(incident: Incident, page: Page, moment: Moment): Decision {
  const escalation = escalationOf(incident, page.escalation);
  const words = `${person(page.user)} acknowledged the page to ${page.team}`;
  const state = acknowledge(incident, page.user, moment);
  const first = escalation && escalation.state !== 'acknowledged' ? escalation : undefined;
  return decision(
    first ? withEscalation(state, { ...first, state: 'acknowledged' }) : state,
    [entry(moment.said, 'answer', page.user, words)],
    [
      ...pagesToSamePerson(incident, page).map((each) => pageMessage(incident, each)),
      ...(first ? unanswered(incident, first).map((other) => pageMessage(incident, other)) : []),
      ...(first ? outgoing(incident, first, 'acknowledge', [page.user]) : []),
      say(incident, `:white_check_mark: ${words}`),
      card(incident),
    ],
  );
}

function declines(incident: Incident, page: Page, { said, now }: Moment): Decision {
  const words = `${person(page.user)} declined the page to ${page.team}`;
  return decision(
    incident,
    [entry(said, 'answer', page.user, words)],
    [
      ...pagesToSamePerson(incident, page).map((each) => pageMessage(incident, each)),
      say(incident, words),
      card(incident),
    ],
    giveUpOn(incident, page, now),
  );
}

/** Nobody of the level is left who could answer: the next one is not kept waiting. */
function giveUpOn(incident: Incident, { escalation: number }: Page, now: Date): readonly Timer[] {
  const escalation = escalationOf(incident, number);
  // A pager elsewhere may still ring somebody.
  if (escalation?.state !== 'paging' || escalation.ways.length > 0) return [];
  const left = pagesOf(incident, escalation, escalation.level).some(
    ({ answer, unsent }) => answer === undefined && unsent === undefined,
  );
  return left ? [] : [dueTimer(incident, escalation, 'given-up', now)];
}

const reached = ({ level, waitSeconds }: Roster, now: Date) => ({ level, waitSeconds, levelAt: now });

const isEmpty = ({ users, ways }: Roster): boolean => users.length === 0 && ways.length === 0;

const pageMessage = ({ id }: Incident, page: Page): Effect => ({
  kind: 'live',
  to: { kind: 'user', id: page.user },
  subject: { kind: 'page', incident: id, page: page.number },
});

/** Who reads it elsewhere is not in the channel: of a private incident it tells that there is one. */
const outgoing = (
  { id, title, severity, kind, private: hidden }: Incident,
  { ways, team, number, level, reason }: Escalation,
  action: OutgoingPage['action'],
  people: readonly string[],
): readonly Effect[] =>
  ways.map((via) => ({
    kind: 'send-page',
    page: {
      via,
      team,
      incident: id,
      escalation: number,
      level,
      action,
      title: hidden ? 'Private incident' : title,
      severity,
      people,
      ...(reason === undefined || hidden ? {} : { reason }),
      ...(kind === 'drill' ? { drill: true as const } : {}),
    },
  }));

const dueTimer = (
  { id }: Incident,
  { number, level }: Escalation,
  why: 'wait' | 'given-up',
  dueAt: Date,
): Timer => ({
  key: `escalation-due:${id}:${number}:${level}:${why}`,
  kind: 'escalation-due',
  dueAt,
  payload: { incident: id, escalation: number, level },
});
