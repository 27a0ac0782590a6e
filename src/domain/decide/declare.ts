/** How an incident begins: its first state, its first entries, and what Slack has to do. */
import { isSlackUser, person } from '../actor.ts';
import { card, type Decision, decision, entry, isLate, type Moment } from '../decision.ts';
import type { Effect } from '../effects.ts';
import type { NewEntry } from '../entry.ts';
import { channelName, type Incident } from '../incident.ts';
import type { Declaration } from '../intents.ts';
import { reach } from '../milestone.ts';
import { DEFAULT_POLICY, type Policy } from '../policy.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { NO_REMINDERS } from '../reminders.ts';
import { titleOf } from '../title.ts';
import { withReminders } from './reminders.ts';
import { withTimeToClaim } from './state.ts';

/** The first state of an incident with this number; refuses a title that is missing or too long. */
export function declare(
  id: number,
  wish: Declaration,
  now: Date,
  policy: Policy = DEFAULT_POLICY,
  said: Date = now,
): Decision | Refusal {
  const title = titleOf(wish.title);
  if (typeof title !== 'string') return title;
  if (!policy.severities.some(({ name }) => name === wish.severity))
    return refuse('UNKNOWN_SEVERITY', { found: wish.severity, known: names(policy) });
  const begun = firstState(id, title, wish, { said, now });
  const incident = isLate({ said, now }) ? withTimeToClaim(begun, now, policy) : begun;
  return withReminders(decision(incident, firstEntries(incident, wish), firstEffects(incident)), policy, now);
}

const names = ({ severities }: Policy): string => severities.map(({ name }) => name).join(', ');

function firstState(id: number, title: string, wish: Declaration, { said, now }: Moment): Incident {
  const { by, severity, kind = 'incident', service } = wish;
  const bare: Incident = {
    id,
    kind,
    private: wish.private ?? false,
    title,
    severity,
    // It is over when it is told afterwards; its milestones are set by hand.
    status: kind === 'retrospective' ? 'resolved' : 'investigating',
    statusSince: said,
    declaredBy: by,
    declaredAt: said,
    ...(service === undefined ? {} : { service }),
    accounts: {},
    leftOut: [],
    roles: {},
    milestones: {},
    actionItems: [],
    escalations: [],
    pages: [],
    reminders: NO_REMINDERS,
  };
  return kind === 'retrospective' ? bare : reach(seenBefore(bare, wish, now), 'declared', said, by, now);
}

function seenBefore(incident: Incident, { detection }: Declaration, now: Date): Incident {
  if (!detection) return incident;
  const { by, firstFailedAt, detectedAt } = detection;
  return reach(reach(incident, 'impact_started', firstFailedAt, by, now), 'detected', detectedAt, by, now);
}

function firstEntries(incident: Incident, { detection, source }: Declaration): readonly NewEntry[] {
  const { declaredAt, declaredBy, severity, title, kind } = incident;
  const what = kind === 'incident' ? '' : ` (${kind})`;
  const seen = detection && entry(detection.detectedAt, 'monitor', detection.by, detection.text);
  return [
    ...(source ? [fromMessage(source)] : []),
    ...(seen ? [seen] : []),
    entry(declaredAt, 'declared', declaredBy, `Declared ${severity}${what}: ${title}`),
  ];
}

/** At its own time, by its author. */
const fromMessage = ({ at, by, text, link }: NonNullable<Declaration['source']>): NewEntry => ({
  ...entry(at, 'message', by, text.trim() === '' ? 'A message without text' : text),
  ...(link === undefined ? {} : { link }),
});

/** People can talk after the first two; all else follows, the announcement with the channel's link once there is one. */
function firstEffects(incident: Incident): readonly Effect[] {
  const { id, title, declaredBy, kind } = incident;
  const started: Effect = {
    kind: 'say',
    to: { kind: 'incident', id },
    text: `${person(declaredBy)} declared this ${kind === 'incident' ? 'incident' : kind === 'drill' ? 'drill: nothing is wrong' : 'incident after it was over'}.`,
  };
  return [
    { kind: 'create-channel', incident: id, name: channelName(id, title) },
    ...(isSlackUser(declaredBy) ? [{ kind: 'invite', incident: id, users: [declaredBy] } as const] : []),
    { kind: 'topic', incident: id },
    card(incident),
    { kind: 'pin', incident: id },
    { kind: 'bookmarks', incident: id },
    ...(kind === 'incident' ? [] : [started]),
  ];
}
