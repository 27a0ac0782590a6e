/** Use cases of paging: who is asked is found out first, outside of the transaction, since others have to answer. */
import type { Incident } from '../domain/incident.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { FirebreakError } from '../errors.ts';
import { loadIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import type { Cause, EscalateWish } from './app.ts';
import { actOnIncident } from './incidents.ts';
import { type OnCallPorts, rosterFrom } from './on-call.ts';

/** With waits of 1, 2, 4, 8 and 16 s between them. */
const UNREAD_TRIES = 5;

export interface EscalationParts extends OnCallPorts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

/** Pages the first level of a team. */
export async function escalate(
  parts: EscalationParts,
  incident: number,
  { by, team: name, reason, again }: EscalateWish,
  cause: Cause,
): Promise<{ ok: true; incident: Incident } | Refusal> {
  const { store, settings, now } = parts;
  const team = settings.teams[name];
  if (!team)
    return refuse('UNKNOWN_TEAM', {
      found: name,
      known: Object.keys(settings.teams).join(', ') || 'none yet',
    });
  const roster = await rosterFrom(team, 1, now(), parts);
  if (!roster) return refuse('NOBODY_ON_CALL', { team: name, problems: 'none' });
  const more = { ...(reason ? { reason } : {}), ...(again ? { again } : {}) };
  const wish = { kind: 'escalate', by, team: name, roster, ...more } as const;
  return actOnIncident(store, incident, wish, cause, now(), settings);
}

/** Pages the level after the one that did not answer; a team that is configured no more has none. */
export async function escalationDue(
  parts: EscalationParts,
  id: number,
  number: number,
  level: number,
  attempts: number,
): Promise<void> {
  const { store, settings, now } = parts;
  const incident = await loadIncident(store, id);
  const escalation = incident?.escalations.find((each) => each.number === number);
  // Looked at again under the lock; here only so that nobody is looked up for nothing.
  if (escalation?.state !== 'paging' || escalation.level !== level) return;
  const team = settings.teams[escalation.team];
  const roster = team && (await rosterFrom(team, level + 1, now(), parts));
  // Slack or PagerDuty that did not answer must not cost a level, nor end the search: it is tried again for a while.
  if (team && roster?.unread && attempts < UNREAD_TRIES)
    throw new FirebreakError('ON_CALL_UNREADABLE', { team: team.name, problems: roster.problems.join('; ') });
  const wish = { kind: 'escalation-due', escalation: number, level, ...(roster ? { roster } : {}) } as const;
  await actOnIncident(store, id, wish, {}, now(), settings);
}
