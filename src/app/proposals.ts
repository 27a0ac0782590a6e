/** What a monitor sees after it proposed an incident: green again, or red once more. */
import type { Decision } from '../domain/decision.ts';
import { type Incident, isOpen } from '../domain/incident.ts';
import { reach } from '../domain/milestone.ts';
import type { Proposal } from '../domain/record.ts';
import { lockIncident } from '../store/incidents.ts';
import { loadProposal } from '../store/proposals.ts';
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

function turned(
  incident: Incident,
  proposal: Proposal,
  state: 'green' | 'red',
  at: Date,
  now: Date,
): Decision {
  const by = `monitor:${proposal.monitor}`;
  const { id } = incident;
  const text =
    state === 'green'
      ? `Probes of ${proposal.target} are green again`
      : `Probes of ${proposal.target} are red once more`;
  return {
    ok: true,
    incident: state === 'green' ? reach(incident, 'impact_ended', at, by, now) : incident,
    entries: [{ at, kind: 'monitor', actor: by, text }],
    effects: [
      {
        kind: 'say',
        to: { kind: 'incident', id },
        text: `${state === 'green' ? ':large_green_circle:' : ':red_circle:'} ${text}`,
      },
      { kind: 'live', to: { kind: 'incident', id }, subject: { kind: 'card', incident: id } },
    ],
    timers: [],
  };
}
