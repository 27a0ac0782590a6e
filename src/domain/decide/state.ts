/** How an incident moves: status, severity, milestones, reopening and cancelling. */
import { person } from '../actor.ts';
import { card, type Decision, decision, entry, everywhere, say, sayAnchored } from '../decision.ts';
import { type Incident, isOpen, type MilestoneName } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { reach } from '../milestone.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { formatUtc, inFuture } from '../when.ts';

/** Resolving without ever having said "mitigated" leaves that milestone unknown: it is not invented. */
const STATUS_MILESTONES: Readonly<Partial<Record<Incident['status'], MilestoneName>>> = {
  mitigated: 'mitigated',
  resolved: 'resolved',
};

export function changeStatus(incident: Incident, wish: Wish<'status'>, now: Date): Decision | Refusal {
  const { to, by, message } = wish;
  const { status } = incident;
  if (to === status) return refuse('STATUS_SAME', { found: to });
  if (!isOpen(incident)) return notOpen(incident);
  if (to === 'cancelled')
    return cancel(incident, { kind: 'cancel', by, reason: message ?? 'not recorded' }, now);
  const name = STATUS_MILESTONES[to];
  const moved = { ...incident, status: to };
  const why = message ? `: ${message}` : '';
  return decision(
    name ? reach(moved, name, now, by, now) : moved,
    [entry(now, 'status', by, `Status ${status} → ${to}${why}`)],
    [sayAnchored(incident, `Status *${status}* → *${to}* by ${person(by)}${why}`), ...everywhere(incident)],
  );
}

export function reopen(incident: Incident, wish: Wish<'reopen'>, now: Date): Decision | Refusal {
  if (isOpen(incident)) return refuse('ALREADY_OPEN', { found: incident.status });
  const words = `Reopened (was ${incident.status}): ${wish.reason}`;
  return moveWithReason({ ...incident, status: 'investigating' }, words, wish.by, now);
}

export function cancel(incident: Incident, wish: Wish<'cancel'>, now: Date): Decision | Refusal {
  if (!isOpen(incident)) return notOpen(incident);
  return moveWithReason({ ...incident, status: 'cancelled' }, `Cancelled: ${wish.reason}`, wish.by, now);
}

export function changeSeverity(incident: Incident, wish: Wish<'severity'>, now: Date): Decision | Refusal {
  const { to, by } = wish;
  const { severity } = incident;
  if (to === severity) return refuse('SEVERITY_SAME', { found: to });
  return decision(
    { ...incident, severity: to },
    [entry(now, 'severity', by, `Severity ${severity} → ${to}`)],
    [say(incident, `Severity *${severity}* → *${to}* by ${person(by)}`), ...everywhere(incident)],
  );
}

export function setMilestone(incident: Incident, wish: Wish<'milestone'>, now: Date): Decision | Refusal {
  const { name, at, by } = wish;
  if (at > now) return inFuture(at, now);
  const before = incident.milestones[name]?.at;
  const words = `Milestone ${name} ${before ? `${formatUtc(before)} → ` : 'at '}${formatUtc(at)}`;
  const details = { milestone: name, at: at.toISOString(), before: before?.toISOString() };
  return decision(
    reach(incident, name, at, by, now),
    [entry(now, 'milestone', by, words, details)],
    [card(incident)],
  );
}

/** Resolved and cancelled incidents only move again by `reopen`. */
export const notOpen = ({ status, id }: Incident): Refusal =>
  refuse('NOT_OPEN', { found: status, number: id });

const moveWithReason = (moved: Incident, words: string, by: string, now: Date): Decision =>
  decision(
    moved,
    [entry(now, 'status', by, words)],
    [sayAnchored(moved, `${words}, by ${person(by)}`), ...everywhere(moved)],
  );
