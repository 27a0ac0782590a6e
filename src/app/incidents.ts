/** Use cases on incidents: load, decide, commit, in one transaction each. */
import { person } from '../domain/actor.ts';
import type { AlertGroup } from '../domain/alert.ts';
import { declare } from '../domain/decide/declare.ts';
import { decide } from '../domain/decide.ts';
import { card, type Decision, say } from '../domain/decision.ts';
import type { NewEntry } from '../domain/entry.ts';
import { type Incident, isOpen } from '../domain/incident.ts';
import type { Declaration, Intent } from '../domain/intents.ts';
import { duration } from '../domain/metrics.ts';
import { reach } from '../domain/milestone.ts';
import type { Policy } from '../domain/policy.ts';
import type { Proposal } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { seenBy, sightingText } from '../domain/sighting.ts';
import { likelySame } from '../domain/similar.ts';
import { alertsOfProposal } from '../store/alerts.ts';
import {
  listIncidents,
  loadIncident,
  lockIncident,
  nextIncidentId,
  oneDeclaration,
} from '../store/incidents.ts';
import { attachProposal, lockOpenProposals, lockProposal } from '../store/proposals.ts';
import type { Db, Store } from '../store/store.ts';
import { appendEntries, chainEnd } from '../store/timeline.ts';
import { changeEntry, groupMessage, proposalMessage } from './alert-messages.ts';
import { restEntries, TOLD_ONE_BY_ONE } from './alert-telling.ts';
import type { Cause, DeclareWish } from './app.ts';
import { tellChangesBefore } from './changes.ts';
import { commitDecision } from './commit.ts';
import { declareLine } from './declare-line.ts';
import { saidAt } from './said-at.ts';

/** A proposal older than this is not taken for the cause of a new incident by itself. */
const PROPOSAL_WINDOW_MS = 60 * 60 * 1000;

/** Declares an incident; takes over what a monitor proposed. */
export function declareIncident(
  store: Store,
  wish: DeclareWish,
  cause: Cause,
  now: Date,
  policy: Policy & Pick<Settings, 'command'>,
  knownPrivate: ReadonlySet<number>,
): Promise<{ ok: true; incident: Incident; proposal?: Proposal } | Refusal> {
  return store.transaction(async (tx) => {
    await oneDeclaration(tx);
    const found = await matchingProposal(tx, wish, now);
    if (found && 'ok' in found) return found;
    // Only one that was named says what this is about.
    const alert = wish.proposal === undefined ? undefined : found;
    const same = await refuseDuplicate(tx, wish, alert, now, policy.command, knownPrivate);
    if (same) return same;
    const said = saidAt(cause, now);
    const decision = declare(await nextIncidentId(tx), declarationOf(wish, found), now, policy, said);
    if (!decision.ok) return decision;
    const whole = found ? await withProposal(tx, decision, found, now) : decision;
    await commitDecision(tx, whole, cause, now);
    if (found) await attachProposal(tx, found.id, whole.incident.id);
    await tellChangesBefore(tx, whole.incident, now);
    return { ok: true, incident: whole.incident, ...(found ? { proposal: found } : {}) };
  });
}

/** Shown before a second channel is made; who says `--anyway` has seen it. Of two at once, the second is told. */
async function refuseDuplicate(
  tx: Db,
  wish: DeclareWish,
  alert: Proposal | undefined,
  now: Date,
  command: string,
  knownPrivate: ReadonlySet<number>,
): Promise<Refusal | undefined> {
  const { title, service = alert?.service, kind = 'incident', anyway = false } = wish;
  if (anyway || kind === 'retrospective') return undefined;
  const open = await listIncidents(tx, { state: 'open' });
  const known = open.filter((incident) => !incident.private || knownPrivate.has(incident.id));
  const [first] = likelySame({ title, kind, service }, known);
  if (!first) return undefined;
  const { id, severity, status, declaredBy, declaredAt, channelId } = first;
  const line = declareLine({ ...wish, anyway: true });
  const found = {
    number: id,
    title: first.title,
    severity,
    status,
    by: person(declaredBy),
    ago: duration(Math.round((now.getTime() - declaredAt.getTime()) / 1000)),
    where: channelId === undefined ? '' : ` in <#${channelId}>`,
  };
  return refuse('LIKELY_DUPLICATE', { ...found, command, line }, [{ label: 'Open a new one anyway', line }]);
}

type Acted = { ok: true; incident: Incident } | Refusal;

/** Decides an intent on an incident and writes what follows from it. */
export function actOnIncident(
  store: Store,
  id: number,
  intent: Intent,
  cause: Cause,
  now: Date,
  policy: Policy,
): Promise<Acted>;
/** The same, if what it rests on is still so once the incident is locked; undefined when it is not. */
export function actOnIncident(
  store: Store,
  id: number,
  intent: Intent,
  cause: Cause,
  now: Date,
  policy: Policy,
  valid: (tx: Db) => Promise<boolean>,
): Promise<Acted | undefined>;
export function actOnIncident(
  store: Store,
  id: number,
  intent: Intent,
  cause: Cause,
  now: Date,
  policy: Policy,
  valid?: (tx: Db) => Promise<boolean>,
): Promise<Acted | undefined> {
  return store.transaction(async (tx): Promise<Acted | undefined> => {
    if (valid && (await lockIncident(tx, id)) && !(await valid(tx))) return undefined;
    return actWithin(tx, id, intent, cause, now, policy);
  });
}

/** The same in a transaction of somebody else, together with what it writes. */
export async function actWithin(
  tx: Db,
  id: number,
  intent: Intent,
  cause: Cause,
  now: Date,
  policy: Policy,
): Promise<Acted> {
  // Together, but after the lock: nobody else adds to the chain from there on.
  const [incident, end] = await Promise.all([lockIncident(tx, id), chainEnd(tx, id)]);
  if (!incident) return refuse('INCIDENT_UNKNOWN', { found: id });
  const decision = decide(incident, intent, now, policy, saidAt(cause, now));
  if (!decision.ok) return decision;
  await commitDecision(tx, decision, cause, now, { incident, end });
  return { ok: true, incident: decision.incident };
}

/** Writes an entry from which nothing follows: without the team's settings nothing else could be decided rightly. */
export async function noteEntry(store: Store, id: number, noted: NewEntry, now: Date): Promise<void> {
  await store.transaction(async (tx) => {
    await lockIncident(tx, id);
    await appendEntries(tx, id, [noted], now);
  });
}

/** Closes an incident as a duplicate and tells the other one, in one transaction. */
export function closeAsDuplicate(
  store: Store,
  id: number,
  of: number,
  by: string,
  cause: Cause,
  now: Date,
  policy: Policy,
): Promise<{ ok: true; incident: Incident } | Refusal> {
  return store.transaction(async (tx) => {
    // In one order, so that two who close each other's incident never wait for one another.
    for (const each of [id, of].sort((a, b) => a - b)) await lockIncident(tx, each);
    const [incident, other] = [await loadIncident(tx, id), await loadIncident(tx, of)];
    if (!incident || !other) return refuse('INCIDENT_UNKNOWN', { found: incident ? of : id });
    // Followers of a public one would learn of the private one, and come in.
    if (incident.private !== other.private) return refuse('DUPLICATE_PRIVATE', { number: of });
    if (other.duplicateOf === id) return refuse('DUPLICATE_BACK', { found: of });
    if (other.kind !== incident.kind) return refuse('DUPLICATE_OF_KIND', { found: of, kind: other.kind });
    if (other.duplicateOf !== undefined)
      return refuse('DUPLICATE_OF_DUPLICATE', { found: of, of: other.duplicateOf });
    if (!isOpen(other)) return refuse('DUPLICATE_OF_ENDED', { found: of, status: other.status });
    const said = saidAt(cause, now);
    const decision = decide(incident, { kind: 'duplicate', by, of }, now, policy, said);
    if (!decision.ok) return decision;
    await commitDecision(tx, decision, cause, now);
    const text = `Incident ${id} (${incident.title}) is a duplicate of this one; its followers are invited`;
    const told = decide(
      other,
      { kind: 'record', by, entry: 'duplicate', text, at: said, effects: [say(other, text), card(other)] },
      now,
      policy,
    );
    if (told.ok) await commitDecision(tx, told, {}, now);
    return { ok: true, incident: decision.incident };
  });
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
  // A drill and what is told afterwards have nothing to do with what fails now, and what is private is not what all see.
  if ((wish.kind !== undefined && wish.kind !== 'incident') || wish.private) return undefined;
  const open = await lockOpenProposals(tx, new Date(now.getTime() - PROPOSAL_WINDOW_MS));
  return open.length === 1 ? open[0] : undefined;
}

function declarationOf(wish: DeclareWish, proposal: Proposal | undefined): Declaration {
  const { proposal: _, anyway: __, ...said } = wish;
  if (!proposal) return said;
  const { service, firstFailedAt, detectedAt } = proposal;
  return {
    ...(service === undefined ? {} : { service }),
    ...said,
    detection: { by: seenBy(proposal), firstFailedAt, detectedAt, text: sightingText(proposal) },
  };
}

async function withProposal(tx: Db, decision: Decision, proposal: Proposal, now: Date): Promise<Decision> {
  const { id } = decision.incident;
  const group = await alertsOfProposal(tx, proposal.id, TOLD_ONE_BY_ONE);
  const change = changeEntry(proposal);
  return {
    ...decision,
    incident: overAlready(decision.incident, proposal, group, now),
    entries: [...(change ? [change] : []), ...decision.entries, ...restEntries(proposal, group, now)],
    effects: [...decision.effects, groupMessage(id, proposal.id), proposalMessage(proposal.id)],
  };
}

/** What our monitors see green again when somebody declares it has ended its impact. */
function overAlready(
  incident: Incident,
  proposal: Proposal,
  { firing, alerts }: AlertGroup,
  now: Date,
): Incident {
  const ends = alerts.flatMap(({ resolvedAt }) => resolvedAt?.getTime() ?? []);
  if (proposal.foreign || firing > 0 || ends.length === 0) return incident;
  return reach(incident, 'impact_ended', new Date(Math.max(...ends)), seenBy(proposal), now);
}
