/** The core: given an incident and what somebody wants, what happens, or why it does not. */
import type { Effect } from './effects.ts';
import type { NewEntry } from './entry.ts';
import {
  type ActionItem,
  type Actor,
  channelName,
  type Incident,
  isOpen,
  type Milestone,
  type MilestoneName,
  type Page,
  ROLE_TITLES,
  type Role,
} from './incident.ts';
import type { Declaration, Intent } from './intents.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface Timer {
  readonly key: string;
  readonly kind: 'page-unanswered';
  readonly dueAt: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Decision {
  readonly ok: true;
  /** The incident as it is afterwards. */
  readonly incident: Incident;
  readonly entries: readonly NewEntry[];
  readonly effects: readonly Effect[];
  readonly timers: readonly Timer[];
}

/** Seconds after which an unanswered page is told to the channel. */
export const PAGE_TIMEOUT_S = 300;

/** The first state of an incident with this number, its first entries and what Slack has to do. */
export function declare(id: number, wish: Declaration, now: Date): Decision | Refusal {
  const title = wish.title.trim();
  if (title === '') return refuse('TITLE_MISSING');
  if (title.length > 200) return refuse('TITLE_TOO_LONG', { found: title.length });
  const bare: Incident = {
    id,
    title,
    severity: wish.severity,
    status: 'investigating',
    declaredBy: wish.by,
    declaredAt: now,
    roles: {},
    milestones: {},
    actionItems: [],
    pages: [],
  };
  const { detection } = wish;
  const detected = detection
    ? reach(
        reach(bare, 'impact_started', detection.firstFailedAt, detection.by, now),
        'detected',
        detection.detectedAt,
        detection.by,
        now,
      )
    : bare;
  const incident = reach(detected, 'declared', now, wish.by, now);
  const declared = entry(now, 'declared', wish.by, `Declared ${wish.severity}: ${title}`);
  const seen = detection && [entry(detection.detectedAt, 'monitor', detection.by, detection.text)];
  const invited = isSlackUser(wish.by) ? [wish.by] : [];
  return decision(
    incident,
    [...(seen ?? []), declared],
    [
      { kind: 'create-channel', incident: id, name: channelName(id, title) },
      ...(invited.length > 0 ? [{ kind: 'invite', incident: id, users: invited } as const] : []),
      { kind: 'topic', incident: id },
      card(id),
      { kind: 'pin', incident: id },
      announcement(id),
    ],
  );
}

/** What the intent makes of the incident. Never awaits; the same input gives the same answer. */
export function decide(incident: Incident, intent: Intent, now: Date): Decision | Refusal {
  switch (intent.kind) {
    case 'update':
      return update(incident, intent, now);
    case 'status':
      return changeStatus(incident, intent, now);
    case 'severity':
      return changeSeverity(incident, intent, now);
    case 'role':
      return assignRole(incident, intent, now);
    case 'note':
      return note(incident, intent, now);
    case 'milestone':
      return setMilestone(incident, intent, now);
    case 'escalate':
      return escalate(incident, intent, now);
    case 'answer-page':
      return answerPage(incident, intent, now);
    case 'page-unanswered':
      return tellUnanswered(incident, intent, now);
    case 'add-action':
      return addAction(incident, intent, now);
    case 'finish-action':
      return finishAction(incident, intent, now);
    case 'resolve':
      return changeStatus(incident, { ...intent, kind: 'status', to: 'resolved' }, now);
    case 'reopen':
      return reopen(incident, intent, now);
    case 'cancel':
      return cancel(incident, intent, now);
    case 'record':
      return decision(
        incident,
        [entry(intent.at ?? now, intent.entry, intent.by, intent.text, intent.details)],
        intent.effects ?? [],
      );
  }
}

type Wish<K extends Intent['kind']> = Extract<Intent, { kind: K }>;

function update(incident: Incident, wish: Wish<'update'>, now: Date): Decision | Refusal {
  if (wish.text.trim() === '')
    return refuse('TEXT_MISSING', { what: 'update', example: 'update we are rolling back' });
  return decision(
    incident,
    [entry(now, 'update', wish.by, wish.text)],
    [
      say(incident, `:loudspeaker: *Update* by ${person(wish.by)}: ${wish.text}`),
      card(incident.id),
      announcement(incident.id),
    ],
  );
}

function changeStatus(incident: Incident, wish: Wish<'status'>, now: Date): Decision | Refusal {
  const { to } = wish;
  if (to === incident.status) return refuse('STATUS_SAME', { found: to });
  if (!isOpen(incident)) return refuse('NOT_OPEN', { found: incident.status, number: incident.id });
  if (to === 'cancelled')
    return cancel(incident, { kind: 'cancel', by: wish.by, reason: wish.message ?? 'not recorded' }, now);
  const moved = { ...incident, status: to };
  const milestones = STATUS_MILESTONES[to] ?? [];
  const reached = milestones.reduce<Incident>((state, name) => reach(state, name, now, wish.by, now), moved);
  const words = `${incident.status} → ${to}${wish.message ? `: ${wish.message}` : ''}`;
  return decision(
    reached,
    [entry(now, 'status', wish.by, `Status ${words}`)],
    [
      say(
        incident,
        `Status *${incident.status}* → *${to}* by ${person(wish.by)}${wish.message ? `: ${wish.message}` : ''}`,
      ),
      ...everywhere(incident.id),
    ],
  );
}

/** Resolving without ever having said "mitigated" leaves that milestone unknown: it is not invented. */
const STATUS_MILESTONES: Readonly<Partial<Record<Incident['status'], readonly MilestoneName[]>>> = {
  mitigated: ['mitigated'],
  resolved: ['resolved'],
};

function changeSeverity(incident: Incident, wish: Wish<'severity'>, now: Date): Decision | Refusal {
  if (wish.to === incident.severity) return refuse('SEVERITY_SAME', { found: wish.to });
  const words = `${incident.severity} → ${wish.to}`;
  return decision(
    { ...incident, severity: wish.to },
    [entry(now, 'severity', wish.by, `Severity ${words}`)],
    [
      say(incident, `Severity *${incident.severity}* → *${wish.to}* by ${person(wish.by)}`),
      ...everywhere(incident.id),
    ],
  );
}

function assignRole(incident: Incident, wish: Wish<'role'>, now: Date): Decision | Refusal {
  const before = incident.roles[wish.role];
  const title = ROLE_TITLES[wish.role];
  if (before === wish.user) return refuse('ROLE_SAME', { role: title, found: person(wish.user) });
  if (!isOpen(incident)) return refuse('NOT_OPEN', { found: incident.status, number: incident.id });
  const words = `${title}: ${before ? `${person(before)} → ` : ''}${person(wish.user)}`;
  const held = { ...incident, roles: { ...incident.roles, [wish.role]: wish.user } };
  const led = wish.role === 'commander' ? acknowledge(held, wish.by, now) : held;
  return decision(
    led,
    [entry(now, 'role', wish.by, words)],
    [
      { kind: 'invite', incident: incident.id, users: [wish.user] },
      say(incident, words),
      ...everywhere(incident.id),
    ],
  );
}

function note(incident: Incident, wish: Wish<'note'>, now: Date): Decision | Refusal {
  if (wish.text.trim() === '')
    return refuse('TEXT_MISSING', { what: 'note', example: 'note -15m customers report an empty page' });
  return decision(incident, [entry(wish.at ?? now, 'note', wish.by, wish.text)], []);
}

function setMilestone(incident: Incident, wish: Wish<'milestone'>, now: Date): Decision | Refusal {
  if (wish.at > now) return refuse('TIME_IN_FUTURE', { found: wish.at.toISOString() });
  const before = incident.milestones[wish.name];
  const words = `Milestone ${wish.name} ${before ? `${utc(before.at)} → ` : 'at '}${utc(wish.at)}`;
  const details = { milestone: wish.name, at: wish.at.toISOString(), before: before?.at.toISOString() };
  return decision(
    reach(incident, wish.name, wish.at, wish.by, now),
    [entry(now, 'milestone', wish.by, words, details)],
    [card(incident.id)],
  );
}

function escalate(incident: Incident, wish: Wish<'escalate'>, now: Date): Decision | Refusal {
  if (!isOpen(incident)) return refuse('NOT_OPEN', { found: incident.status, number: incident.id });
  if (wish.users.length === 0) return refuse('NOBODY_ON_CALL', { team: wish.team });
  const pages = wish.users.map(
    (user, position): Page => ({
      number: incident.pages.length + position + 1,
      team: wish.team,
      user,
      requestedBy: wish.by,
      at: now,
      ...(wish.reason ? { reason: wish.reason } : {}),
    }),
  );
  const words = `Paged ${wish.team} (${wish.users.map(person).join(', ')})${wish.reason ? `: ${wish.reason}` : ''}`;
  const decided = decision(
    { ...incident, pages: [...incident.pages, ...pages] },
    [entry(now, 'page', wish.by, words)],
    [
      { kind: 'invite', incident: incident.id, users: wish.users },
      ...pages.map((page) => pageMessage(incident.id, page)),
      say(incident, `:pager: ${words}, asked for by ${person(wish.by)}`),
    ],
  );
  return { ...decided, timers: pages.map((page) => pageTimer(incident.id, page.number, now)) };
}

function answerPage(incident: Incident, wish: Wish<'answer-page'>, now: Date): Decision | Refusal {
  const page = incident.pages.find(({ number }) => number === wish.page);
  if (!page) return refuse('PAGE_UNKNOWN', { found: wish.page });
  if (page.answer) return refuse('PAGE_ANSWERED', { found: page.answer.kind, by: person(page.answer.by) });
  if (wish.by !== page.user) return refuse('PAGE_OF_ANOTHER', { by: person(page.user) });
  const answered: Page = { ...page, answer: { kind: wish.answer, by: wish.by, at: now } };
  const pages = incident.pages.map((each) => (each === page ? answered : each));
  const words = `${person(wish.by)} ${wish.answer} the page to ${page.team}`;
  const state = { ...incident, pages };
  const next = wish.answer === 'acknowledged' ? acknowledge(state, wish.by, now) : state;
  return decision(
    next,
    [entry(now, 'answer', wish.by, words)],
    [pageMessage(incident.id, page), say(incident, words), card(incident.id)],
  );
}

function tellUnanswered(incident: Incident, wish: Wish<'page-unanswered'>, now: Date): Decision {
  const page = incident.pages.find(({ number }) => number === wish.page);
  if (!page || page.answer || !isOpen(incident)) return decision(incident, [], []);
  const words = `No answer from ${person(page.user)} (${page.team}) in ${PAGE_TIMEOUT_S / 60} min; call them, or page somebody else`;
  return decision(
    incident,
    [entry(now, 'answer', 'firebreak', words)],
    [say(incident, `:warning: ${words}`)],
  );
}

function addAction(incident: Incident, wish: Wish<'add-action'>, now: Date): Decision | Refusal {
  if (wish.text.trim() === '') {
    return refuse('TEXT_MISSING', {
      what: 'action',
      example: 'action add a staging test for migrations @dba due 2026-12-01',
    });
  }
  const item: ActionItem = {
    number: incident.actionItems.length + 1,
    text: wish.text,
    done: false,
    createdBy: wish.by,
    ...(wish.owner ? { owner: wish.owner } : {}),
    ...(wish.due ? { due: wish.due } : {}),
  };
  const words = `Action item ${item.number}: ${item.text} (owner ${wish.owner ? person(wish.owner) : 'not recorded'}, due ${item.due ?? 'not recorded'})`;
  return decision(
    { ...incident, actionItems: [...incident.actionItems, item] },
    [entry(now, 'action', wish.by, words)],
    [say(incident, words)],
  );
}

function finishAction(incident: Incident, wish: Wish<'finish-action'>, now: Date): Decision | Refusal {
  const item = incident.actionItems.find(({ number }) => number === wish.number);
  if (!item) return refuse('ACTION_UNKNOWN', { found: wish.number, count: incident.actionItems.length });
  if (item.done) return refuse('ACTION_DONE', { found: wish.number });
  const actionItems = incident.actionItems.map((each) => (each === item ? { ...item, done: true } : each));
  const words = `Action item ${item.number} done: ${item.text}`;
  return decision(
    { ...incident, actionItems },
    [entry(now, 'action', wish.by, words)],
    [say(incident, words)],
  );
}

function reopen(incident: Incident, wish: Wish<'reopen'>, now: Date): Decision | Refusal {
  if (isOpen(incident)) return refuse('ALREADY_OPEN', { found: incident.status });
  const words = `Reopened (was ${incident.status}): ${wish.reason}`;
  return decision(
    { ...incident, status: 'investigating' },
    [entry(now, 'status', wish.by, words)],
    [say(incident, `${words}, by ${person(wish.by)}`), ...everywhere(incident.id)],
  );
}

function cancel(incident: Incident, wish: Wish<'cancel'>, now: Date): Decision | Refusal {
  if (!isOpen(incident)) return refuse('NOT_OPEN', { found: incident.status, number: incident.id });
  const words = `Cancelled: ${wish.reason}`;
  return decision(
    { ...incident, status: 'cancelled' },
    [entry(now, 'status', wish.by, words)],
    [say(incident, `${words}, by ${person(wish.by)}`), ...everywhere(incident.id)],
  );
}

/** The first Acknowledge of a page, or the first `lead`, whichever comes first. */
const acknowledge = (incident: Incident, by: Actor, now: Date): Incident =>
  incident.milestones.acknowledged ? incident : reach(incident, 'acknowledged', now, by, now);

/** Sets or corrects a milestone; the value it had is kept. */
export function reach(incident: Incident, name: MilestoneName, at: Date, by: Actor, now: Date): Incident {
  const before = incident.milestones[name];
  const earlier = before
    ? [...before.earlier, { at: before.at, by: before.by, recordedAt: before.recordedAt }]
    : [];
  const milestone: Milestone = { at, by, recordedAt: now, earlier };
  return { ...incident, milestones: { ...incident.milestones, [name]: milestone } };
}

/** As Slack shows people; everyone else by their name. */
export const person = (actor: Actor): string => (isSlackUser(actor) ? `<@${actor}>` : actor);

/** Slack's user ids begin with U or W. */
export const isSlackUser = (actor: Actor): boolean => /^[UW][A-Z0-9]{2,}$/.test(actor);

/** Who holds the role now. */
export const holder = (incident: Incident, role: Role): string | undefined => incident.roles[role];

const card = (incident: number): Effect => ({
  kind: 'live',
  to: { kind: 'incident', id: incident },
  subject: { kind: 'card', incident },
});

const announcement = (incident: number): Effect => ({
  kind: 'live',
  to: { kind: 'incidents-channel' },
  subject: { kind: 'announcement', incident },
});

const everywhere = (incident: number): readonly Effect[] => [
  { kind: 'topic', incident },
  card(incident),
  announcement(incident),
];

const pageMessage = (incident: number, page: Page): Effect => ({
  kind: 'live',
  to: { kind: 'user', id: page.user },
  subject: { kind: 'page', incident, page: page.number },
});

const pageTimer = (incident: number, page: number, now: Date): Timer => ({
  key: `page-unanswered:${incident}:${page}`,
  kind: 'page-unanswered',
  dueAt: new Date(now.getTime() + PAGE_TIMEOUT_S * 1000),
  payload: { incident, page },
});

const say = (incident: Incident, text: string): Effect => ({
  kind: 'say',
  to: { kind: 'incident', id: incident.id },
  text,
});

const utc = (date: Date): string => `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const entry = (
  at: Date,
  kind: NewEntry['kind'],
  actor: Actor,
  text: string,
  details?: NewEntry['details'],
): NewEntry => ({
  at,
  kind,
  actor,
  text,
  ...(details ? { details } : {}),
});

const decision = (
  incident: Incident,
  entries: readonly NewEntry[],
  effects: readonly Effect[],
): Decision => ({
  ok: true,
  incident,
  entries,
  effects,
  timers: [],
});
