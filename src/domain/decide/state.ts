/** How an incident moves: status, severity, milestones, reopening, cancelling, archiving. */
import { isSlackUser, person } from '../actor.ts';
import {
  card,
  type Decision,
  decision,
  entry,
  everywhere,
  type Moment,
  saidLate,
  say,
  sayAnchored,
} from '../decision.ts';
import type { Effect } from '../effects.ts';
import type { NewEntry } from '../entry.ts';
import { type Incident, isOpen, type MilestoneName } from '../incident.ts';
import type { Wish } from '../intents.ts';
import { reach } from '../milestone.ts';
import { COMMANDER, type Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { tellStakeholders } from '../stakeholders.ts';
import { formatUtc, inFuture } from '../when.ts';
import { stopPaging } from './escalation.ts';
import { notOpen } from './not-open.ts';

/** Resolving without ever having said "mitigated" leaves that milestone unknown: it is not invented. */
const STATUS_MILESTONES: Readonly<Partial<Record<Incident['status'], MilestoneName>>> = {
  mitigated: 'mitigated',
  resolved: 'resolved',
};

export function changeStatus(
  incident: Incident,
  wish: Wish<'status'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  const { to, by } = wish;
  const message = given(wish.message);
  const { status, statusSince } = incident;
  if (to === status) return refuse('STATUS_SAME', { found: to, since: formatUtc(statusSince) });
  if (!isOpen(incident)) return notOpen(incident);
  if (to === 'cancelled')
    return cancel(incident, { kind: 'cancel', by, reason: message ?? 'not recorded' }, moment, policy);
  // Of what is told afterwards milestones are set by hand: now says nothing of then.
  const name = incident.kind === 'retrospective' ? undefined : STATUS_MILESTONES[to];
  const why = message ? `: ${message}` : '';
  const fixed = to === 'resolved' && message ? { accounts: { ...incident.accounts, fix: message } } : {};
  const at = beginning(incident, moment);
  const moved = { ...incident, ...fixed, status: to, statusSince: at };
  return moves(name ? reach(moved, name, at, by, moment.now) : moved, policy, moment, {
    entry: entry(at, 'status', by, `Status ${status} → ${to}${why}`),
    said: `Status *${status}* → *${to}* by ${person(by)}${saidLate(moment)}${why}`,
    told: message,
  });
}

/** Not before the status that it ends: that one may have been said later, and heard earlier. */
const beginning = ({ statusSince }: Incident, { said }: Moment): Date =>
  said < statusSince ? statusSince : said;

const given = (message: string | undefined): string | undefined =>
  message === undefined || message.trim() === '' ? undefined : message;

export function reopen(
  incident: Incident,
  wish: Wish<'reopen'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  if (isOpen(incident)) return refuse('ALREADY_OPEN', { found: incident.status });
  const { archived, duplicateOf: _, ...rest } = incident;
  const words = `Reopened (was ${incident.status}): ${wish.reason}`;
  const at = beginning(incident, moment);
  const again: Incident = { ...rest, status: 'investigating', statusSince: at };
  const made = moves(withTimeToClaim(again, moment.now, policy), policy, moment, {
    entry: entry(at, 'status', wish.by, words),
    said: `${words}, by ${person(wish.by)}${saidLate(moment)}`,
    told: undefined,
  });
  return archived
    ? { ...made, effects: [{ kind: 'unarchive', incident: incident.id }, ...made.effects] }
    : made;
}

/** It was declared a while ago: nobody is asked for a leader before there was time to become one. */
export const withTimeToClaim = (
  incident: Incident,
  now: Date,
  { reminders: { unclaimedAfter } }: Policy,
): Incident => ({
  ...incident,
  reminders: {
    ...incident.reminders,
    // It begins anew, and so does what is asked for.
    dismissed: [],
    said: {},
    snoozed: {
      ...incident.reminders.snoozed,
      'roles-unclaimed': new Date(now.getTime() + unclaimedAfter * 1000),
    },
  },
});

export function cancel(
  incident: Incident,
  wish: Wish<'cancel'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  if (!isOpen(incident)) return notOpen(incident);
  const words = `Cancelled: ${wish.reason}`;
  const at = beginning(incident, moment);
  return moves({ ...incident, status: 'cancelled', statusSince: at }, policy, moment, {
    entry: entry(at, 'status', wish.by, words),
    said: `${words}, by ${person(wish.by)}${saidLate(moment)}`,
    told: undefined,
  });
}

/** It is the same as another one: work goes on there, and who follows this one is invited. */
export function duplicate(
  incident: Incident,
  { by, of }: Wish<'duplicate'>,
  moment: Moment,
  policy: Policy,
): Decision | Refusal {
  if (of === incident.id) return refuse('DUPLICATE_OF_ITSELF', { found: of });
  if (incident.duplicateOf !== undefined) return refuse('ALREADY_DUPLICATE', { found: incident.duplicateOf });
  if (!isOpen(incident)) return notOpen(incident);
  const words = `Duplicate of incident ${of}`;
  const at = beginning(incident, moment);
  const made = moves({ ...incident, status: 'cancelled', statusSince: at, duplicateOf: of }, policy, moment, {
    entry: entry(at, 'duplicate', by, words, { duplicate_of: of }),
    said: `${words}, says ${person(by)}${saidLate(moment)}; work goes on there, and you are invited`,
    told: undefined,
  });
  return { ...made, effects: [...made.effects, { kind: 'move-followers', incident: of, from: incident.id }] };
}

export function archive(incident: Incident, { by }: Wish<'archive'>, now: Date): Decision | Refusal {
  if (isOpen(incident)) return refuse('STILL_OPEN', { found: incident.status });
  if (incident.archived) return refuse('ALREADY_ARCHIVED', { number: incident.id });
  const words = 'Channel archived';
  return decision(
    { ...incident, archived: true },
    [entry(now, 'channel', by, words)],
    // Everything else that waits is said first: an archived channel takes nothing more.
    [card(incident), say(incident, `${words} by ${person(by)}`), { kind: 'archive', incident: incident.id }],
  );
}

/** Slack says that its channel was archived, or brought back; our own doing comes back too, and is known. */
export function channelArchived(
  incident: Incident,
  { by, archived }: Wish<'channel-archived'>,
  now: Date,
): Decision {
  if ((incident.archived ?? false) === archived) return decision(incident, [], []);
  const { archived: _, ...rest } = incident;
  if (!archived)
    return decision(rest, [entry(now, 'channel', by, 'Channel brought back in Slack')], [card(incident)]);
  const stuck = by === 'firebreak';
  const words = stuck ? 'Channel still archived: Slack did not bring it back' : 'Channel archived in Slack';
  return decision(
    { ...rest, archived: true },
    [entry(now, 'channel', by, words)],
    stuck ? stillArchived(incident) : [],
  );
}

/** Slack lets bots archive a channel, and only people bring it back: somebody has to hear of it elsewhere. */
function stillArchived(incident: Incident): readonly Effect[] {
  const { id, channelId, roles, declaredBy } = incident;
  const where = channelId === undefined ? 'its channel' : `<#${channelId}>`;
  const text = `:warning: Incident ${id} is open again, but Slack did not bring ${where} back: no bot may. Unarchive it in its settings, then type \`/invite @firebreak\` in it.`;
  if (!incident.private) return [{ kind: 'say', to: { kind: 'incidents-channel' }, text }];
  const user = roles[COMMANDER] ?? declaredBy;
  return isSlackUser(user) ? [{ kind: 'say', to: { kind: 'user', id: user }, text }] : [];
}

export function changeSeverity(
  incident: Incident,
  wish: Wish<'severity'>,
  now: Date,
  policy: Policy,
): Decision | Refusal {
  const { to, by } = wish;
  const { severity } = incident;
  const known = policy.severities.map(({ name }) => name);
  if (!known.includes(to)) return refuse('UNKNOWN_SEVERITY', { found: to, known: known.join(', ') });
  if (to === severity) return refuse('SEVERITY_SAME', { found: to });
  const changed = { ...incident, severity: to };
  return decision(
    changed,
    [entry(now, 'severity', by, `Severity ${severity} → ${to}`)],
    [say(incident, `Severity *${severity}* → *${to}* by ${person(by)}`), ...everywhere(changed)],
  );
}

export function setMilestone(
  incident: Incident,
  wish: Wish<'milestone'>,
  { said, now }: Moment,
): Decision | Refusal {
  const { name, at, by } = wish;
  if (at > now) return inFuture(at, now);
  const before = incident.milestones[name]?.at;
  const words = `Milestone ${name} ${before ? `${formatUtc(before)} → ` : 'at '}${formatUtc(at)}`;
  const details = { milestone: name, at: at.toISOString(), before: before?.toISOString() };
  return decision(
    reach(incident, name, at, by, now),
    [entry(said, 'milestone', by, words, details)],
    [card(incident)],
  );
}

/** Told in the channel with the head hash, in the announcement, and to stakeholders; paging ends with the incident. */
function moves(
  moved: Incident,
  policy: Policy,
  moment: Moment,
  words: { readonly entry: NewEntry; readonly said: string; readonly told: string | undefined },
): Decision {
  const { incident, effects: stopped } = isOpen(moved) ? { incident: moved, effects: [] } : stopPaging(moved);
  const effects: readonly Effect[] = [
    sayAnchored(incident, words.said),
    ...everywhere(incident),
    ...stopped,
    ...tellStakeholders(incident, words.told, policy, moment),
  ];
  return decision(incident, [words.entry], effects);
}
