/** One delivery's look at the groups, incidents and limits that its alerts are decided by, and what it changes there. */
import type { Alert, KnownAlert } from '../domain/alert.ts';
import { type AlertPolicy, beyondLimit, type Silence, type Verdict } from '../domain/alert-rules.ts';
import { declare } from '../domain/decide/declare.ts';
import type { Decision, Timer } from '../domain/decision.ts';
import { foreign } from '../domain/foreign.ts';
import { severityUnasked } from '../domain/policy.ts';
import type { Proposal, Sighting } from '../domain/record.ts';
import type { Settings } from '../domain/settings.ts';
import { seenBy, sightingText, tellingOf } from '../domain/sighting.ts';
import { lockProposing } from '../store/alerts.ts';
import { nextIncidentId, oneDeclaration, openIncidentFor } from '../store/incidents.ts';
import {
  attachProposal,
  groupProposal,
  insertProposal,
  proposalsSince,
  updateProposal,
} from '../store/proposals.ts';
import { activeSilences } from '../store/silences.ts';
import type { Db } from '../store/store.ts';
import { tellChangesBefore } from './changes.ts';
import { commitDecision } from './commit.ts';

const HOUR_MS = 3_600_000;
const TITLE = 120;

/** What the alerts of a delivery have changed in one proposal. */
export interface Touched {
  readonly alerts: KnownAlert[];
  /** It became an incident's in this round, after it was proposed or at once: its change is still to be told there. */
  attached?: 'proposed' | 'unproposed';
}

export type AlertRound = Awaited<ReturnType<typeof openRound>>;

/** Begins a round; the groups' locks are held by the transaction. */
export async function openRound(tx: Db, settings: Settings, now: Date) {
  const policy: AlertPolicy = settings.alerts;
  const silences: readonly Silence[] = await activeSilences(tx, now);
  const groups = new Map<string, Proposal | undefined>();
  const incidents = new Map<string, number | undefined>();
  const touched = new Map<number, Touched>();
  let made: number | undefined;
  let heldBack = false;

  async function group(key: string): Promise<Proposal | undefined> {
    if (!groups.has(key)) groups.set(key, await groupProposal(tx, key, new Date(now.getTime() - HOUR_MS)));
    return groups.get(key);
  }

  async function incident({ service, target }: Alert, groupKey: string): Promise<number | undefined> {
    const key = JSON.stringify([service, target, groupKey]);
    if (!incidents.has(key)) incidents.set(key, await openIncidentFor(tx, { service, target, groupKey }));
    return incidents.get(key);
  }

  /** Counted under a lock: two deliveries at once must not both make the last one of the hour. */
  async function proposalsThisHour(): Promise<number> {
    if (made === undefined) {
      await lockProposing(tx);
      made = await proposalsSince(tx, new Date(now.getTime() - HOUR_MS));
    }
    return made;
  }

  const isProposed = async (key: string): Promise<boolean> => {
    const known = await group(key);
    return known !== undefined && known.incidentId === undefined;
  };

  const touch = (proposal: number): Touched => {
    const found = touched.get(proposal) ?? { alerts: [] };
    touched.set(proposal, found);
    return found;
  };

  async function make(seen: Sighting, groupKey: string, incidentId: number | undefined): Promise<number> {
    const wish = { ...seen, groupKey, detectedAt: now, ...(incidentId === undefined ? {} : { incidentId }) };
    // What its source tells to have begun when an earlier, settled one did is told anew.
    const id =
      (await insertProposal(tx, wish)) ?? (await insertProposal(tx, { ...wish, firstFailedAt: now }));
    if (id === undefined) throw new Error(`two proposals of ${groupKey} at once`);
    groups.set(groupKey, { ...wish, id });
    if (incidentId === undefined) made = (made ?? 0) + 1;
    else touch(id).attached = 'unproposed';
    return id;
  }

  /** What tells more takes the place of what the group was shown by. */
  async function join(known: Proposal, seen: Sighting): Promise<number> {
    if (tellingOf(seen) > tellingOf(known)) {
      const better = { ...known, ...seen, firstFailedAt: known.firstFailedAt };
      await updateProposal(tx, better);
      if (known.groupKey !== undefined) groups.set(known.groupKey, better);
    }
    return known.id;
  }

  async function attach(seen: Sighting, groupKey: string, incidentId: number): Promise<number> {
    const known = await group(groupKey);
    if (known?.incidentId === incidentId) return join(known, seen);
    if (known === undefined || known.incidentId !== undefined) return make(seen, groupKey, incidentId);
    await join(known, seen);
    await attachProposal(tx, known.id, incidentId);
    groups.set(groupKey, { ...known, incidentId });
    touch(known.id).attached = 'proposed';
    return known.id;
  }

  /** The rule says that nobody has to be asked. Whoever is on call for its service is paged. */
  async function open(seen: Sighting, groupKey: string, severity: string | undefined): Promise<number> {
    await oneDeclaration(tx);
    const decision = declared(await nextIncidentId(tx), seen, severity, settings, now);
    await commitDecision(tx, decision, {}, now);
    incidents.clear();
    const proposal = await attach(seen, groupKey, decision.incident.id);
    await tellChangesBefore(tx, decision.incident, now);
    return proposal;
  }

  return {
    now,
    policy,
    silences,
    incident,
    /** A proposal that its group has a message for already, or that the hour still allows; else it is held back. */
    async limited(verdict: Verdict, groupKey: string): Promise<Verdict> {
      if (verdict.outcome !== 'proposed' || (await isProposed(groupKey))) return verdict;
      return (await proposalsThisHour()) >= policy.proposalsPerHour ? beyondLimit(policy) : verdict;
    },
    touched: touched as ReadonlyMap<number, Touched>,
    /** Whether more or fewer are beyond the hour's limit than before. */
    heldBackChanged: () => heldBack,
    noteHeldBack(): void {
      heldBack = true;
    },
    /** Notes a change of an alert that belongs to a proposal. */
    changed(alert: KnownAlert): void {
      if (alert.proposal !== undefined) touch(alert.proposal).alerts.push(alert);
    },
    /** Does what was decided; resolves to the proposal that the alert belongs to. */
    async place(
      verdict: Verdict,
      alert: Alert,
      groupKey: string,
      sighting: Sighting | undefined,
    ): Promise<number | undefined> {
      const seen = {
        ...(sighting ?? sightingOf(alert, now)),
        ...(alert.service ? { service: alert.service } : {}),
      };
      switch (verdict.outcome) {
        case 'silenced':
        case 'dropped':
          return undefined;
        case 'attached':
          return attach(seen, groupKey, verdict.incident ?? 0);
        case 'declared':
          return open(seen, groupKey, verdict.severity);
        case 'proposed': {
          const known = await group(groupKey);
          return known && known.incidentId === undefined
            ? join(known, seen)
            : make(seen, groupKey, undefined);
        }
      }
    },
  };
}

/** How an alert of another system is shown in a proposal. */
const sightingOf = ({ source, service, title, startsAt }: Alert, now: Date): Sighting => ({
  monitor: source,
  foreign: true,
  ...(service === undefined ? {} : { service }),
  error: title,
  relations: [],
  firstFailedAt: startsAt !== undefined && startsAt < now ? startsAt : now,
});

function declared(
  id: number,
  seen: Sighting,
  severity: string | undefined,
  settings: Settings,
  now: Date,
): Decision {
  const { service } = seen;
  const wish = {
    by: 'firebreak',
    title: titleFor(seen),
    severity: severity ?? severityUnasked(settings),
    ...(service === undefined || !(service in settings.services) ? {} : { service }),
    detection: {
      by: seenBy(seen),
      firstFailedAt: seen.firstFailedAt,
      detectedAt: now,
      text: sightingText(seen),
    },
  };
  const decision = declare(id, wish, now, settings);
  if (!decision.ok) throw new Error(`an incident that a rule declares was refused: ${decision.code}`);
  const team = service === undefined ? undefined : settings.services[service]?.team;
  if (team === undefined) return decision;
  const page: Timer = {
    key: `page-team:${id}`,
    kind: 'page-team',
    dueAt: now,
    payload: { incident: id, team, reason: wish.title },
  };
  return { ...decision, timers: [...decision.timers, page] };
}

/** Somebody else's words: they call nobody. */
const titleFor = ({ service, target, monitor, error }: Sighting): string =>
  foreign(`${service ?? target ?? monitor}: ${error}`.replace(/\s+/g, ' '))
    .slice(0, TITLE)
    // Half of an entity.
    .replace(/&[a-z]{0,3}$/, '');
