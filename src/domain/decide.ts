/** The core: given an incident and what somebody wants, what happens, or why it does not. */
import { isSlackUser } from './actor.ts';
import { addAction, finishAction } from './decide/actions.ts';
import { answerPage, assignRole, escalate, tellUnanswered } from './decide/people.ts';
import { cancel, changeSeverity, changeStatus, reopen, setMilestone } from './decide/state.ts';
import { note, record, update } from './decide/words.ts';
import { announcement, card, type Decision, decision, entry } from './decision.ts';
import type { Effect } from './effects.ts';
import type { NewEntry } from './entry.ts';
import { channelName, type Incident } from './incident.ts';
import type { Declaration, Intent } from './intents.ts';
import { reach } from './milestone.ts';
import { type Refusal, refuse } from './refusal.ts';

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
      return record(incident, intent, now);
  }
}

/** The first state of an incident with this number, its first entries and what Slack has to do. */
export function declare(id: number, wish: Declaration, now: Date): Decision | Refusal {
  const title = oneLine(wish.title);
  if (title === '') return refuse('TITLE_MISSING');
  if (title.length > 200) return refuse('TITLE_TOO_LONG', { found: title.length });
  const incident = firstState(id, title, wish, now);
  return decision(incident, firstEntries(incident, wish), firstEffects(incident));
}

/** It stands in a heading, in a topic and in a table: no line breaks, and no character that turns a line around. */
const oneLine = (text: string): string =>
  text
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();

function firstState(id: number, title: string, wish: Declaration, now: Date): Incident {
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
  return reach(seenBefore(bare, wish, now), 'declared', now, wish.by, now);
}

function seenBefore(incident: Incident, { detection }: Declaration, now: Date): Incident {
  if (!detection) return incident;
  const { by, firstFailedAt, detectedAt } = detection;
  return reach(reach(incident, 'impact_started', firstFailedAt, by, now), 'detected', detectedAt, by, now);
}

function firstEntries(incident: Incident, { detection }: Declaration): readonly NewEntry[] {
  const { declaredAt, declaredBy, severity, title } = incident;
  const declared = entry(declaredAt, 'declared', declaredBy, `Declared ${severity}: ${title}`);
  const seen = detection && entry(detection.detectedAt, 'monitor', detection.by, detection.text);
  return seen ? [seen, declared] : [declared];
}

function firstEffects(incident: Incident): readonly Effect[] {
  const { id, title, declaredBy } = incident;
  return [
    { kind: 'create-channel', incident: id, name: channelName(id, title) },
    ...(isSlackUser(declaredBy) ? [{ kind: 'invite', incident: id, users: [declaredBy] } as const] : []),
    { kind: 'topic', incident: id },
    card(incident),
    { kind: 'pin', incident: id },
    announcement(incident),
  ];
}
