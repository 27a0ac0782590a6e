/** Proposals of monitors: what one says, and what the monitor sees after it made it. */
import { card, type Decision, decision, say } from '../domain/decision.ts';
import type { Effect } from '../domain/effects.ts';
import type { NewEntry } from '../domain/entry.ts';
import { foreign } from '../domain/foreign.ts';
import { type Incident, isOpen } from '../domain/incident.ts';
import { reach } from '../domain/milestone.ts';
import type { Proposal, Sighting } from '../domain/record.ts';
import { isSchemaMismatch } from '../domain/sqlstate.ts';
import { lockIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { loadProposal, lockProposal, updateProposal } from '../store/proposals.ts';
import type { Store } from '../store/store.ts';
import { commitDecision } from './commit.ts';

/** Tells the proposal's incident; false when none is open. Green sets "impact ended"; after red, the next green corrects it. */
export async function turnProbes(
  store: Store,
  proposalId: number,
  state: 'green' | 'red',
  at: Date,
  now: Date,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const proposal = await loadProposal(tx, proposalId);
    if (proposal?.incidentId === undefined) return false;
    const incident = await lockIncident(tx, proposal.incidentId);
    if (!incident || !isOpen(incident)) return false;
    await commitDecision(tx, turned(incident, proposal, state, at, now), {}, now);
    return true;
  });
}

/**
 * A monitor that has seen more than when it proposed: at first the table was only locked, now the query fails on its
 * schema. The proposal is rewritten, and the incident it became is told.
 */
export async function reviseProposal(store: Store, id: number, seen: Sighting, now: Date): Promise<void> {
  await store.transaction(async (tx) => {
    const before = await lockProposal(tx, id);
    if (!before || isSchemaMismatch(before.sqlstate)) return;
    const proposal = { ...before, ...seen };
    await updateProposal(tx, proposal);
    await enqueue(tx, [proposalMessage(id)], now);
    const incident = before.incidentId === undefined ? undefined : await lockIncident(tx, before.incidentId);
    if (incident && isOpen(incident)) await commitDecision(tx, revised(incident, proposal, now), {}, now);
  });
}

function revised(incident: Incident, proposal: Proposal, now: Date): Decision {
  const text = sightingText(proposal);
  const change = changeEntry(proposal);
  const seen: NewEntry = { at: now, kind: 'monitor', actor: `monitor:${proposal.monitor}`, text };
  return decision(
    incident,
    [...(change ? [change] : []), seen],
    [say(incident, `:rotating_light: ${foreign(text)}`), card(incident)],
  );
}

/** The proposal's message, as it stands when it is delivered. */
export const proposalMessage = (proposal: number): Effect => ({
  kind: 'live',
  to: { kind: 'incidents-channel' },
  subject: { kind: 'proposal', proposal },
});

/** What the monitor saw, as one line: `Probe x fails on shop: 42703 …, order_status`. */
export function sightingText(proposal: Omit<Proposal, 'id'>): string {
  const state = proposal.sqlstate ? `SQLSTATE ${proposal.sqlstate}, ` : '';
  const tables = proposal.relations.length > 0 ? `, table ${proposal.relations.join(', ')}` : '';
  return `Monitor ${proposal.monitor}: queries fail on ${proposal.target} (${state}${proposal.error}${tables})`;
}

/** The fresh migration that came before, as an entry at its own time. */
export function changeEntry({ migration, target }: Proposal): NewEntry | undefined {
  if (!migration?.appliedAt) return undefined;
  return {
    at: migration.appliedAt,
    kind: 'change',
    actor: 'firebreak',
    text: `Migration ${migration.name} applied on ${target}`,
  };
}

function turned(
  incident: Incident,
  proposal: Proposal,
  state: 'green' | 'red',
  at: Date,
  now: Date,
): Decision {
  const by = `monitor:${proposal.monitor}`;
  const text =
    state === 'green'
      ? `Probes of ${proposal.target} are green again`
      : `Probes of ${proposal.target} are red once more`;
  const icon = state === 'green' ? ':large_green_circle:' : ':red_circle:';
  const moved = state === 'green' ? reach(incident, 'impact_ended', at, by, now) : incident;
  return decision(
    moved,
    [{ at, kind: 'monitor', actor: by, text }],
    [say(incident, `${icon} ${text}`), card(incident)],
  );
}
