/** What alerts say in Slack and in timelines: a message a group, kept current; entries in the incident they belong to. */

import { person } from '../domain/actor.ts';
import { type AlertGroup, beginsToFlap, isFlapping, type KnownAlert, turnsLately } from '../domain/alert.ts';
import { card } from '../domain/decision.ts';
import type { Effect } from '../domain/effects.ts';
import type { NewEntry } from '../domain/entry.ts';
import { type Actor, type Incident, isOpen } from '../domain/incident.ts';
import type { Proposal } from '../domain/record.ts';
import { seenBy, sightingText } from '../domain/sighting.ts';
import { alertsOfProposal } from '../store/alerts.ts';
import { lockIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { loadProposal, lockProposal } from '../store/proposals.ts';
import type { Db } from '../store/store.ts';
import { changeEntry, groupMessage, heldBackMessage, proposalMessage } from './alert-messages.ts';
import type { AlertRound, Touched } from './alert-round.ts';
import { commitDecision } from './commit.ts';

/** A group of more is told as a number, not one by one. */
export const TOLD_ONE_BY_ONE = 20;

/** Tells what a round has changed. Proposals and incidents are locked in one order: others tell of the same ones. */
export async function tellGroups(tx: Db, round: AlertRound, now: Date): Promise<void> {
  const proposals: Proposal[] = [];
  for (const id of [...round.touched.keys()].sort((a, b) => a - b)) {
    const proposal = await lockProposal(tx, id);
    if (proposal) proposals.push(proposal);
  }
  proposals.sort((a, b) => (a.incidentId ?? 0) - (b.incidentId ?? 0));
  for (const proposal of proposals)
    await tellGroup(tx, proposal, round.touched.get(proposal.id) ?? { alerts: [] }, now);
  await tellHeldBack(tx, round, now);
}

async function tellGroup(tx: Db, proposal: Proposal, touched: Touched, now: Date): Promise<void> {
  const incident =
    proposal.incidentId === undefined ? undefined : await lockIncident(tx, proposal.incidentId);
  if (!incident || !isOpen(incident)) return enqueue(tx, shownBy(proposal), now);
  const entries = await entriesOf(tx, proposal, touched, now);
  // The message with the buttons, where there was one, says what became of it.
  const effects = [
    ...shownBy(proposal),
    ...(touched.attached === 'proposed' ? [proposalMessage(proposal.id)] : []),
  ];
  await commitDecision(tx, { ok: true, incident, entries, effects, timers: [] }, {}, now);
}

/** Brings up to date what shows these groups, also in incidents that have ended. */
export async function showGroups(tx: Db, proposals: readonly number[], now: Date): Promise<void> {
  for (const id of new Set(proposals)) {
    const proposal = await loadProposal(tx, id);
    if (proposal) await enqueue(tx, shownBy(proposal), now);
  }
}

/** What shows a group: its own message, or, once it belongs to an incident, the one there and the card. */
export const shownBy = ({ id, incidentId }: Proposal): readonly Effect[] =>
  incidentId === undefined ? [proposalMessage(id)] : [groupMessage(incidentId, id), card({ id: incidentId })];

async function entriesOf(
  tx: Db,
  proposal: Proposal,
  { alerts, attached }: Touched,
  now: Date,
): Promise<readonly NewEntry[]> {
  const { firing, resolved } = await alertsOfProposal(tx, proposal.id, 1);
  const change = attached ? changeEntry(proposal) : undefined;
  const many = firing + resolved > TOLD_ONE_BY_ONE;
  const told = many ? [] : alerts.flatMap((alert) => turnEntry(alert, proposal, now));
  const ends = alerts.some((alert) => alert.state === 'resolved' && !isFlapping(alert, now));
  const over = firing === 0 && resolved > 1 && ends ? [allResolved(proposal, resolved, now)] : [];
  const fresh = alerts.filter(({ firstToldAt }) => firstToldAt.getTime() === now.getTime()).length;
  const becomesMany = many && (attached || firing + resolved - fresh <= TOLD_ONE_BY_ONE);
  const crowd = becomesMany ? [manyFire(proposal, firing, now)] : [];
  return [...(change ? [change] : []), ...told, ...crowd, ...over];
}

/** What somebody attaches by hand is told in the incident as what is attached by itself. */
export async function tellAttached(
  tx: Db,
  proposal: Proposal,
  incident: Incident,
  { by, at }: { readonly by: Actor; readonly at: Date },
  now: Date,
): Promise<void> {
  const { alerts } = await alertsOfProposal(tx, proposal.id, TOLD_ONE_BY_ONE + 1);
  const entries = await entriesOf(tx, proposal, { alerts: [...alerts], attached: 'proposed' }, now);
  const text = `${person(by)} attached proposal ${proposal.id} (${groupName(proposal)}) to this incident`;
  const decision = {
    ok: true as const,
    incident,
    entries: [...entries, { at, kind: 'monitor' as const, actor: by, text }],
    effects: [groupMessage(incident.id, proposal.id), card(incident), proposalMessage(proposal.id)],
    timers: [],
  };
  await commitDecision(tx, decision, {}, now);
}

/** The alerts of a group beside the one that its proposal is shown by. */
export function restEntries(
  proposal: Proposal,
  { firing, resolved, alerts }: AlertGroup,
  now: Date,
): readonly NewEntry[] {
  if (firing + resolved > TOLD_ONE_BY_ONE) return [manyFire(proposal, firing, now)];
  const shown = alerts.find(
    (alert) => actorOf(alert) === seenBy(proposal) && (!proposal.foreign || alert.title === proposal.error),
  );
  return alerts.filter((alert) => alert !== shown).flatMap((alert) => turnEntry(alert, proposal, now));
}

const actorOf = ({ source, labels }: KnownAlert): Actor =>
  source === 'monitor' ? `monitor:${labels['monitor'] ?? ''}` : `alert:${source}`;

/** Once it flaps, its turns are counted in the group's message. */
function turnEntry(alert: KnownAlert, proposal: Proposal, now: Date): readonly NewEntry[] {
  const { source, state, title, startedAt, resolvedAt, link } = alert;
  const isOurs = source === 'monitor';
  const actor = actorOf(alert);
  const isShown = isOurs && actor === seenBy(proposal);
  const firing = isShown ? sightingText(proposal) : `${isOurs ? 'Monitor' : 'Alert'} fires: ${title}`;
  const begins = beginsToFlap(alert, now);
  if (isFlapping(alert, now) && !begins) return [];
  const text = state === 'firing' ? firing : `Resolved: ${title}`;
  const more = begins
    ? `. It flaps: ${turnsLately(alert, now)} turns in half an hour; they are counted from now on`
    : '';
  const at = alert.turns.length > 0 ? now : state === 'firing' ? startedAt : (resolvedAt ?? now);
  return [
    {
      at: at < now ? at : now,
      kind: 'monitor',
      actor,
      text: text + more,
      details: { alert: alert.id, source, state },
      ...(link === undefined ? {} : { link }),
    },
  ];
}

const allResolved = (proposal: Proposal, resolved: number, now: Date): NewEntry => ({
  at: now,
  kind: 'monitor',
  actor: seenBy(proposal),
  text: `All ${resolved} alerts of ${groupName(proposal)} are resolved; nothing is closed by that`,
});

const manyFire = (proposal: Proposal, firing: number, now: Date): NewEntry => ({
  at: now,
  kind: 'monitor',
  actor: seenBy(proposal),
  text: `${firing} alerts of ${groupName(proposal)} fire`,
});

/** What the group is about, in a word. */
const groupName = ({ service, target, groupKey }: Proposal): string =>
  service ?? target ?? groupKey ?? 'the group';

/** One message for all that is beyond the hour's limit, so that nobody takes silence for health. */
async function tellHeldBack(tx: Db, round: AlertRound, now: Date): Promise<void> {
  if (round.heldBackChanged()) await enqueue(tx, [heldBackMessage(now)], now);
}
