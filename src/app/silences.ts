/** Silences that people set, and alerts that they attach to an incident themselves. */

import { person } from '../domain/actor.ts';
import { type Match, matchText, type Silence } from '../domain/alert-rules.ts';
import { foreign } from '../domain/foreign.ts';
import { isOpen } from '../domain/incident.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { formatUtc } from '../domain/when.ts';
import { alertsOfProposal, lockGroups } from '../store/alerts.ts';
import { lockIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { attachProposal, loadProposal, lockProposal } from '../store/proposals.ts';
import { insertSilence, liftSilence } from '../store/silences.ts';
import type { Db, Store } from '../store/store.ts';
import { proposalMessage } from './alert-messages.ts';
import { tellAttached } from './alert-telling.ts';
import type { Cause } from './app.ts';
import { saidAt } from './said-at.ts';
import { settleCause } from './settle-cause.ts';
import { isRefusal } from './words.ts';

interface Parts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
}

export interface SilenceWish {
  readonly by: string;
  /** A service, a target, a monitor, or `proposal:<number>`. */
  readonly what: string;
  readonly seconds: number;
  readonly reason: string;
}

/** Silences what fires or will fire; what it keeps back is listed, and proposed afterwards if it still fires. */
export function silence(
  { store, settings, now }: Parts,
  monitors: readonly string[],
  { by, what, seconds, reason }: SilenceWish,
  cause: Cause,
): Promise<{ ok: true; silence: Silence } | Refusal> {
  return store.transaction(async (tx) => {
    const found = await matchOf(tx, what, settings, monitors);
    if (isRefusal(found)) return found;
    const wish = { match: found.match, until: new Date(now().getTime() + seconds * 1000), reason, by };
    const set = { ...wish, id: await insertSilence(tx, wish, now()) };
    const text = `:no_bell: ${person(by)} silenced ${foreign(matchText(found.match))} until ${formatUtc(set.until)}: ${reason}`;
    await enqueue(tx, [{ kind: 'say', to: { kind: 'incidents-channel' }, text }], now());
    if (found.proposal !== undefined) await enqueue(tx, [proposalMessage(found.proposal)], now());
    await settleCause(tx, cause, now());
    return { ok: true, silence: set };
  });
}

async function matchOf(
  tx: Db,
  what: string,
  { services, targets }: Settings,
  monitors: readonly string[],
): Promise<{ readonly match: Match; readonly proposal?: number } | Refusal> {
  const number = /^proposal:(\d{1,9})$/.exec(what)?.[1];
  if (number !== undefined) {
    const proposal = Number(number);
    const { alerts } = await alertsOfProposal(tx, proposal, 1);
    if (alerts[0]) return { match: { group: [alerts[0].groupKey] }, proposal };
    return refuse('PROPOSAL_TAKEN', { found: proposal });
  }
  if (Object.hasOwn(services, what)) return { match: { service: [what] } };
  if (Object.hasOwn(targets, what)) return { match: { target: [what] } };
  if (monitors.includes(what)) return { match: { monitor: [what] } };
  const known = [...Object.keys(services), ...Object.keys(targets), ...monitors];
  return refuse('SILENCE_WHAT', { found: what, known: known.join(', ') || 'none yet' });
}

/** Ends a silence before its time. */
export function endSilence(
  { store, now }: Parts,
  id: number,
  by: string,
  cause: Cause,
): Promise<{ ok: true; silence: Silence } | Refusal> {
  return store.transaction(async (tx) => {
    const lifted = await liftSilence(tx, id, by, now());
    if (!lifted) return refuse('SILENCE_UNKNOWN', { found: id });
    const text = `:bell: ${person(by)} lifted the silence of ${foreign(matchText(lifted.match))}`;
    await enqueue(tx, [{ kind: 'say', to: { kind: 'incidents-channel' }, text }], now());
    await settleCause(tx, cause, now());
    return { ok: true, silence: lifted };
  });
}

export interface AttachWish {
  readonly by: string;
  readonly proposal: number;
  readonly incident: number;
}

/** Attaches what was proposed to an open incident; the caller has made sure that the person may know of it. */
export function attach(
  { store, now }: Parts,
  { by, proposal: id, incident: of }: AttachWish,
  cause: Cause,
): Promise<{ ok: true } | Refusal> {
  return store.transaction(async (tx) => {
    const known = await loadProposal(tx, id);
    if (known?.groupKey !== undefined) await lockGroups(tx, [known.groupKey]);
    const proposal = await lockProposal(tx, id);
    if (!proposal || proposal.incidentId !== undefined) return refuse('PROPOSAL_TAKEN', { found: id });
    const incident = await lockIncident(tx, of);
    if (!incident) return refuse('INCIDENT_UNKNOWN', { found: of });
    if (!isOpen(incident))
      return refuse('NOT_OPEN', {
        number: of,
        found: incident.status,
        since: formatUtc(incident.statusSince),
      });
    await attachProposal(tx, id, of);
    const at = now();
    await tellAttached(tx, { ...proposal, incidentId: of }, incident, { by, at: saidAt(cause, at) }, at);
    await settleCause(tx, cause, at);
    return { ok: true };
  });
}
