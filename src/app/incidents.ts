/** Use cases on incidents: load, decide, commit, in one transaction each. */
import { decide, declare } from '../domain/decide.ts';
import type { Decision } from '../domain/decision.ts';
import type { Effect } from '../domain/effects.ts';
import { foreign } from '../domain/foreign.ts';
import type { Incident } from '../domain/incident.ts';
import type { Declaration, Intent } from '../domain/intents.ts';
import { renderPostmortem } from '../domain/postmortem.ts';
import type { IncidentRecord, Proposal } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { lockIncident, nextIncidentId } from '../store/incidents.ts';
import { attachProposal, lockOpenProposals, lockProposal } from '../store/proposals.ts';
import type { Db, Store } from '../store/store.ts';
import type { Cause, DeclareWish } from './app.ts';
import { commitDecision } from './commit.ts';
import { changeEntry, proposalMessage, sightingText } from './proposals.ts';

/** A proposal older than this is not taken for the cause of a new incident by itself. */
const PROPOSAL_WINDOW_MS = 60 * 60 * 1000;

/** Declares an incident; takes over what a monitor proposed. */
export function declareIncident(
  store: Store,
  wish: DeclareWish,
  cause: Cause,
  now: Date,
): Promise<{ ok: true; incident: Incident; proposal?: Proposal } | Refusal> {
  return store.transaction(async (tx) => {
    const found = await matchingProposal(tx, wish, now);
    if (found && 'ok' in found) return found;
    const decision = declare(await nextIncidentId(tx), declarationOf(wish, found), now);
    if (!decision.ok) return decision;
    const whole = found ? withProposal(decision, found) : decision;
    await commitDecision(tx, whole, cause, now);
    if (found) await attachProposal(tx, found.id, whole.incident.id);
    return { ok: true, incident: whole.incident, ...(found ? { proposal: found } : {}) };
  });
}

/** Decides an intent on an incident and writes what follows from it. */
export function actOnIncident(
  store: Store,
  id: number,
  intent: Intent,
  cause: Cause,
  now: Date,
): Promise<{ ok: true; incident: Incident } | Refusal> {
  return store.transaction(async (tx) => {
    const incident = await lockIncident(tx, id);
    if (!incident) return refuse('INCIDENT_UNKNOWN', { found: id });
    const decision = decide(incident, intent, now);
    if (!decision.ok) return decision;
    await commitDecision(tx, decision, cause, now);
    return { ok: true, incident: decision.incident };
  });
}

/** Posts the postmortem as a file; the export itself becomes an entry with the head hash it printed. */
export async function exportPostmortem(
  store: Store,
  record: IncidentRecord,
  by: string,
  cause: Cause,
  now: Date,
  generatedBy: string,
): Promise<{ ok: true } | Refusal> {
  const { id } = record.incident;
  const file: Effect = {
    kind: 'file',
    to: { kind: 'incident', id },
    name: `postmortem-inc-${id}.md`,
    title: `Postmortem: ${record.incident.title}`,
    content: renderPostmortem(record, { generatedBy }),
  };
  const text = `Postmortem exported; timeline head ${record.headHash.slice(0, 12)}`;
  const done = await actOnIncident(
    store,
    id,
    { kind: 'record', by, entry: 'export', text, effects: [file] },
    cause,
    now,
  );
  return done.ok ? { ok: true } : done;
}

/** The named proposal, however old, or the only open one of the last hour: with two, nobody can say which. */
async function matchingProposal(
  tx: Db,
  wish: DeclareWish,
  now: Date,
): Promise<Proposal | Refusal | undefined> {
  if (wish.proposal !== undefined) {
    const named = await lockProposal(tx, wish.proposal);
    return named && named.incidentId === undefined
      ? named
      : refuse('PROPOSAL_TAKEN', { found: wish.proposal });
  }
  const open = await lockOpenProposals(tx, new Date(now.getTime() - PROPOSAL_WINDOW_MS));
  return open.length === 1 ? open[0] : undefined;
}

function declarationOf(wish: DeclareWish, proposal: Proposal | undefined): Declaration {
  const { by, title, severity } = wish;
  if (!proposal) return { by, title, severity };
  const { monitor, firstFailedAt, detectedAt } = proposal;
  return {
    by,
    title,
    severity,
    detection: { by: `monitor:${monitor}`, firstFailedAt, detectedAt, text: sightingText(proposal) },
  };
}

function withProposal(decision: Decision, proposal: Proposal): Decision {
  const { id } = decision.incident;
  const change = changeEntry(proposal);
  const told: Effect = {
    kind: 'say',
    to: { kind: 'incident', id },
    text: `:rotating_light: ${foreign(sightingText(proposal))}`,
  };
  return {
    ...decision,
    entries: [...(change ? [change] : []), ...decision.entries],
    effects: [...decision.effects, told, proposalMessage(proposal.id)],
  };
}
