/** Proposals of monitors: what one says, and what the monitor sees after it made it. */
import {
  beginsToFlap,
  isFlapping,
  type KnownAlert,
  monitorFingerprint,
  turned as turnedOnce,
} from '../domain/alert.ts';
import { card, type Decision, decision, say } from '../domain/decision.ts';
import type { NewEntry } from '../domain/entry.ts';
import { foreign } from '../domain/foreign.ts';
import { type Incident, isOpen } from '../domain/incident.ts';
import { reach } from '../domain/milestone.ts';
import type { Proposal, Sighting } from '../domain/record.ts';
import { seenBy, sightingText, tellingOf } from '../domain/sighting.ts';
import { lockGroups, newestAlerts, redMonitors, updateAlert } from '../store/alerts.ts';
import { lockIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { loadProposal, lockProposal, updateProposal } from '../store/proposals.ts';
import type { Db, Store } from '../store/store.ts';
import { changeEntry, groupMessage, proposalMessage } from './alert-messages.ts';
import { shownBy } from './alert-telling.ts';
import { commitDecision } from './commit.ts';

/**
 * A monitor sees its target green again, or red once more. Tells the proposal's incident, once; false when none is open.
 * The impact has ended when none of our monitors of the group is red any more; after red, the next green corrects it.
 */
export async function turnMonitor(
  store: Store,
  monitor: string,
  proposalId: number,
  state: 'green' | 'red',
  at: Date,
  now: Date,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const known = await loadProposal(tx, proposalId);
    if (known?.groupKey !== undefined) await lockGroups(tx, [known.groupKey]);
    // Whoever is declaring it reads its alerts before or after, not in between.
    const proposal = await lockProposal(tx, proposalId);
    if (!proposal) return false;
    const incident =
      proposal.incidentId === undefined ? undefined : await lockIncident(tx, proposal.incidentId);
    const isTold = incident !== undefined && isOpen(incident);
    // Red again, it is proposed anew: turned here, it would pass for one that was proposed already.
    if (state === 'red' && !isTold) return false;
    const alert = await turnAlert(tx, monitor, proposalId, state, at, now);
    if (!isTold) {
      await enqueue(tx, shownBy(proposal), now);
      return false;
    }
    if (alert === 'same') return true;
    const others = (await redMonitors(tx, proposalId)).filter((name) => name !== monitor);
    await commitDecision(tx, turned(incident, proposal, { monitor, state, at, others, alert }, now), {}, now);
    return true;
  });
}

/** Turns the monitor's alert; `same`: it stands so already. Undefined: it is remembered no more. */
async function turnAlert(
  tx: Db,
  monitor: string,
  proposal: number,
  state: 'green' | 'red',
  at: Date,
  now: Date,
): Promise<KnownAlert | 'same' | undefined> {
  const fingerprint = monitorFingerprint(monitor);
  const before = (await newestAlerts(tx, 'monitor', [fingerprint])).get(fingerprint);
  if (before?.proposal !== proposal) return undefined;
  const wanted = state === 'green' ? 'resolved' : 'firing';
  if (before.state === wanted) return 'same';
  const { resolvedAt: _, ...kept } = before;
  const after: KnownAlert = {
    ...kept,
    state: wanted,
    turns: turnedOnce(before.turns, at),
    lastToldAt: now,
    ...(wanted === 'resolved' ? { resolvedAt: at } : {}),
  };
  await updateAlert(tx, after, after);
  return after;
}

/**
 * A monitor that has seen more than when it proposed: at first the table was only locked, now the query fails on its
 * schema. The proposal is rewritten when that tells more, and the incident it became is told. False: that one is closed,
 * where nobody would hear of it; what is seen is another trouble, and can be proposed.
 */
export async function reviseProposal(store: Store, id: number, seen: Sighting, now: Date): Promise<boolean> {
  return store.transaction(async (tx) => {
    const known = await loadProposal(tx, id);
    if (known?.groupKey !== undefined) await lockGroups(tx, [known.groupKey]);
    const before = await lockProposal(tx, id);
    if (!before) return false;
    const incident = before.incidentId === undefined ? undefined : await lockIncident(tx, before.incidentId);
    if (incident && !isOpen(incident)) {
      await turnAlert(tx, seen.monitor, id, 'green', now, now);
      return false;
    }
    if (tellingOf(seen) <= tellingOf(before)) return true;
    const proposal = { ...before, ...seen, firstFailedAt: before.firstFailedAt };
    await updateProposal(tx, proposal);
    await enqueue(tx, [proposalMessage(id)], now);
    if (incident) await commitDecision(tx, revised(incident, proposal, now), {}, now);
    return true;
  });
}

function revised(incident: Incident, proposal: Proposal, now: Date): Decision {
  const text = sightingText(proposal);
  const change = changeEntry(proposal);
  const seen: NewEntry = { at: now, kind: 'monitor', actor: seenBy(proposal), text };
  return decision(
    incident,
    [...(change ? [change] : []), seen],
    [
      say(incident, `:rotating_light: ${foreign(text)}`),
      groupMessage(incident.id, proposal.id),
      card(incident),
    ],
  );
}

interface Turn {
  readonly monitor: string;
  readonly state: 'green' | 'red';
  readonly at: Date;
  /** Monitors of the same group that are red. */
  readonly others: readonly string[];
  readonly alert: KnownAlert | undefined;
}

function turned(
  incident: Incident,
  proposal: Proposal,
  { monitor, state, at, others, alert }: Turn,
  now: Date,
): Decision {
  const by = `monitor:${monitor}`;
  const what = `Monitor ${monitor}: ${proposal.target ?? 'what it watches'}`;
  const still = others.length > 0 ? `; still red: ${others.join(', ')}` : '';
  const text = state === 'green' ? `${what} is green again${still}` : `${what} is red once more`;
  const icon = state === 'green' ? ':large_green_circle:' : ':red_circle:';
  const over = state === 'green' && others.length === 0;
  const moved = over ? reach(incident, 'impact_ended', at, by, now) : incident;
  const flaps = alert !== undefined && isFlapping(alert, now);
  const begins = alert !== undefined && beginsToFlap(alert, now);
  const more = begins ? ' It flaps: its turns are counted from now on, and not said one by one.' : '';
  return decision(
    moved,
    [{ at, kind: 'monitor', actor: by, text }],
    [
      ...(flaps && !begins ? [] : [say(incident, `${icon} ${foreign(text)}.${more}`)]),
      groupMessage(incident.id, proposal.id),
      card(incident),
    ],
  );
}
