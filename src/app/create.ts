/** Builds the App that the shells talk to. */

import { isOpen } from '../domain/incident.ts';
import type { IncidentRecord } from '../domain/record.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { likelySame } from '../domain/similar.ts';
import type { CheckFacts } from '../domain/sweep.ts';
import { alertsOfProposal, countHeldBack, listAlerts } from '../store/alerts.ts';
import { loadCaptured } from '../store/captured-migrations.ts';
import { listChanges } from '../store/changes.ts';
import { saveErrorReport } from '../store/error-reports.ts';
import { incidentOfChannel, listIncidents, loadIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { loadPeople, savePerson } from '../store/people.ts';
import { loadProposal } from '../store/proposals.ts';
import { loadParts } from '../store/report-parts.ts';
import { activeSilences } from '../store/silences.ts';
import type { Store } from '../store/store.ts';
import { entryNumbers, loadTimeline } from '../store/timeline.ts';
import { proposeSighting, reconsiderAlerts, takeAlerts } from './alerts.ts';
import type { App, DeclareWish, Directory } from './app.ts';
import { createCapture } from './capture.ts';
import { captureChanges, takeChanges } from './changes.ts';
import { correctEntry, rowNamed } from './corrections.ts';
import { escalate, escalationDue } from './escalations.ts';
import { figuresFor } from './figures.ts';
import { pickUpGuard } from './guards.ts';
import { healthOf, type Vitals } from './health.ts';
import { heldIsBack } from './holds.ts';
import { homeOf } from './home.ts';
import { actOnIncident, closeAsDuplicate, declareIncident } from './incidents.ts';
import { endUndone } from './not-done.ts';
import { onCallNow, rosterFrom, type Schedules } from './on-call.ts';
import { reviseProposal, turnMonitor } from './proposals.ts';
import { redactEntry } from './redactions.ts';
import { remembering } from './remembering.ts';
import { exportPostmortem, inSnapshot, loadKnown, writeParts } from './report.ts';
import { createRuns, type RunParts } from './runs.ts';
import { isSettled, settleCause } from './settle-cause.ts';
import { attach, endSilence, silence } from './silences.ts';
import { isVisible, visibleOf } from './visibility.ts';

export interface AppParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
  readonly directory: Directory;
  /** By name; loaded outside, since app knows no step kinds. */
  readonly runbooks: RunParts['runbooks'];
  /** Loaded outside, too: app knows no databases. */
  readonly checks?: readonly CheckFacts[];
  /** Who schedules elsewhere have on call. */
  readonly schedules?: Schedules | undefined;
  /** At a terminal: whether it asked to see private incidents. */
  readonly operator?: boolean;
  /** Undefined at a terminal. */
  readonly vitals?: Vitals;
  /** `Firebreak <version>`, printed in exports. */
  readonly generatedBy: string;
  /** How the SQL of a plan is shown in exports; without it only its hash is. */
  readonly showSql?: (sql: string) => Promise<string>;
}

export function createApp({ generatedBy, showSql, ...parts }: AppParts): App {
  const { store, settings, now, runbooks } = parts;
  const record = (id: number): Promise<IncidentRecord | undefined> => loadRecord(store, id);
  return {
    settings,
    checks: parts.checks ?? [],
    now,
    runbooks,
    ...createRuns(parts),
    ...createCapture(parts),
    async declare(wish, cause = {}) {
      const refused = refuseService(settings, wish);
      if (refused) return refused;
      return declareIncident(store, wish, cause, now(), settings, await knownPrivate(parts, wish));
    },
    act: (id, intent, cause = {}) => actOnIncident(store, id, intent, cause, now(), settings),
    correct: (id, wish, cause = {}) => correctEntry(parts, id, wish, cause),
    redact: (id, wish, cause = {}) => redactEntry(parts, id, wish, cause),
    timelineRow: (id, seq) => rowNamed(store, id, seq),
    timelineNumbers: (id) => entryNumbers(store, id),
    escalate: (id, wish, cause = {}) => escalate(parts, id, wish, cause),
    guardSeen: (target, guard) =>
      pickUpGuard({ ...parts, startRun: createRuns(parts).startRun }, target, guard),
    heldIsBack: (hold, appliedAt) => heldIsBack(parts, hold, appliedAt),
    escalationDue: (id, escalation, level, attempts = Number.POSITIVE_INFINITY) =>
      escalationDue(parts, id, escalation, level, attempts),
    async duplicate(id, of, by, cause = {}) {
      // One that the person may not know of is as one that does not exist.
      const other = await loadIncident(store, of);
      if (!other || !(await isVisible(other, by, parts))) return refuse('INCIDENT_UNKNOWN', { found: of });
      return closeAsDuplicate(store, id, of, by, cause, now(), settings);
    },
    postmortem: (id, by, cause = {}) =>
      exportPostmortem(store, id, by, cause, now(), { ...settings, policy: settings, generatedBy, showSql }),
    people: () => loadPeople(store),
    parts: (id) => loadParts(store, id),
    writeParts: (id, by, wishes, cause = {}) => writeParts(store, id, by, wishes, cause, now()),
    incident: (id) => loadIncident(store, id),
    incidentOfChannel: (channelId) => incidentOfChannel(store, channelId),
    incidents: async (filter, viewer) =>
      visibleOf(await listIncidents(store, filter), viewer, {
        ...parts,
        directory: remembering(parts.directory),
      }),
    async isVisible(id, viewer) {
      const known = await loadIncident(store, id);
      return known !== undefined && isVisible(known, viewer, parts);
    },
    figures: (filter, viewer) => figuresFor(parts, filter, viewer),
    health: (inboxKey) => healthOf(store, parts.vitals, inboxKey, now()),
    home: (user) => homeOf(parts, user),
    async welcome(channelId, user, cause = {}) {
      const id = await incidentOfChannel(store, channelId);
      const incident = id === undefined ? undefined : await loadIncident(store, id);
      if (!incident || incident.declaredBy === user || !isOpen(incident)) return;
      await store.transaction(async (tx) => {
        await enqueue(tx, [{ kind: 'whisper', incident: incident.id, user, what: 'catchup-offer' }], now());
        await settleCause(tx, cause, now());
      });
    },
    async roster(name) {
      const team = settings.teams[name];
      return team && (await rosterFrom(team, 1, now(), parts));
    },
    async onCall() {
      const teams = Object.entries(settings.teams);
      const levels = await Promise.all(teams.map(([, team]) => onCallNow(team, now(), parts)));
      return Object.fromEntries(teams.map(([name], index) => [name, levels[index] ?? []]));
    },
    record,
    propose: (wish) => proposeSighting(parts, wish),
    proposal: (id) => loadProposal(store, id),
    revise: (id, seen) => reviseProposal(store, id, seen, now()),
    monitorTurned: (monitor, proposal, state, at) => turnMonitor(store, monitor, proposal, state, at, now()),
    alertsArrived: (delivery) => takeAlerts(parts, delivery),
    reconsiderAlerts: () => reconsiderAlerts(parts),
    alerts: (filter) => listAlerts(store, filter),
    alertsOf: (proposal, limit) => alertsOfProposal(store, proposal, limit),
    heldBackAlerts: () => countHeldBack(store),
    async attach(wish, cause = {}) {
      const known = await loadIncident(store, wish.incident);
      // One that the person may not know of is as one that does not exist.
      if (!known || !(await isVisible(known, wish.by, parts)))
        return refuse('INCIDENT_UNKNOWN', { found: wish.incident });
      return attach(parts, wish, cause);
    },
    async attachable() {
      const open = await listIncidents(store, { state: 'open', kind: 'incident' });
      return open.filter((incident) => !incident.private).slice(0, 2);
    },
    silence: (wish, cause = {}) =>
      silence(parts, parts.vitals?.monitors.map(({ name }) => name) ?? [], wish, cause),
    endSilence: (id, by, cause = {}) => endSilence(parts, id, by, cause),
    silences: () => activeSilences(store, now()),
    captured: (target) => loadCaptured(store, target),
    capture: (target, migrations) => captureChanges(parts, target, migrations),
    changed: (reported) => takeChanges(parts, reported),
    errorsReported: (report) => saveErrorReport(store, report, now()),
    changes: (filter, limit) => listChanges(store, filter, limit),
    meet: (userId, name) => savePerson(store, userId, name, now()),
    async settle(cause) {
      if (!isSettled(cause)) await settleCause(store, cause, now());
    },
    endUndone: (what) => endUndone(store, what, now()),
  };
}

function refuseService({ services }: Settings, { service }: DeclareWish): Refusal | undefined {
  if (service === undefined || service in services) return undefined;
  return refuse('UNKNOWN_SERVICE', { found: service, known: Object.keys(services).join(', ') || 'none yet' });
}

/**
 * Private incidents that are probably the same, as far as the person may know of them. Slack is asked before the
 * transaction begins, and only when there are any: a declaration waits for nothing that it can do without.
 */
async function knownPrivate(
  parts: Pick<AppParts, 'store' | 'settings' | 'directory' | 'operator'>,
  { by, title, kind = 'incident', service }: DeclareWish,
): Promise<ReadonlySet<number>> {
  const open = await listIncidents(parts.store, { state: 'open' });
  const similar = likelySame(
    { title, kind, service },
    open.filter((incident) => incident.private),
  );
  const known = await visibleOf(similar, by, parts);
  return new Set(known.map(({ id }) => id));
}

/** Everything known of an incident, read in one snapshot. */
export function loadRecord(store: Store, id: number): Promise<IncidentRecord | undefined> {
  return inSnapshot(store, async (tx) => {
    const known = await loadKnown(tx, id);
    return known && { ...known, timeline: await loadTimeline(tx, id) };
  });
}
