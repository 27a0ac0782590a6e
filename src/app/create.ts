/** Builds the App that the shells talk to. */
import type { IncidentRecord } from '../domain/record.ts';
import { refuse } from '../domain/refusal.ts';
import type { Settings } from '../domain/settings.ts';
import { loadCaptured, saveCaptured } from '../store/captured-migrations.ts';
import { holdsOf } from '../store/holds.ts';
import { settle } from '../store/inbox.ts';
import { incidentOfChannel, listIncidents, loadIncident } from '../store/incidents.ts';
import { enqueue } from '../store/outbox.ts';
import { loadPeople, savePerson } from '../store/people.ts';
import { insertProposal, loadProposal, proposalsOf } from '../store/proposals.ts';
import { loadRuns } from '../store/runs.ts';
import type { Store } from '../store/store.ts';
import { loadTimeline } from '../store/timeline.ts';
import type { App, Directory } from './app.ts';
import { actOnIncident, declareIncident, exportPostmortem } from './incidents.ts';
import { proposalMessage, reviseProposal, turnProbes } from './proposals.ts';
import { createRuns, type RunParts } from './runs.ts';

export interface AppParts {
  readonly store: Store;
  readonly settings: Settings;
  readonly now: () => Date;
  readonly directory: Directory;
  /** By name; loaded outside, since app knows no step kinds. */
  readonly runbooks: RunParts['runbooks'];
  /** `Firebreak <version>`, printed in exports. */
  readonly generatedBy: string;
}

export function createApp({ generatedBy, ...parts }: AppParts): App {
  const { store, settings, now } = parts;
  const record = (id: number): Promise<IncidentRecord | undefined> => loadRecord(store, id);
  return {
    settings,
    now,
    ...createRuns(parts),
    declare: (wish, cause = {}) => declareIncident(store, wish, cause, now()),
    act: (id, intent, cause = {}) => actOnIncident(store, id, intent, cause, now()),
    async postmortem(id, by, cause = {}) {
      const known = await record(id);
      if (!known) return refuse('INCIDENT_UNKNOWN', { found: id });
      return exportPostmortem(store, known, by, cause, now(), generatedBy);
    },
    incident: (id) => loadIncident(store, id),
    incidentOfChannel: (channelId) => incidentOfChannel(store, channelId),
    incidents: (filter) => listIncidents(store, filter),
    record,
    propose: (wish) =>
      store.transaction(async (tx) => {
        const at = now();
        const id = await insertProposal(tx, { ...wish, detectedAt: at });
        await enqueue(tx, [proposalMessage(id)], at);
        return id;
      }),
    proposal: (id) => loadProposal(store, id),
    revise: (id, seen) => reviseProposal(store, id, seen, now()),
    probesTurned: (proposal, state, at) => turnProbes(store, proposal, state, at, now()),
    captured: (target) => loadCaptured(store, target),
    capture: (target, migrations) => store.transaction((tx) => saveCaptured(tx, target, migrations, now())),
    meet: (userId, name) => savePerson(store, userId, name, now()),
    async settle({ inboxKey }) {
      if (inboxKey !== undefined) await settle(store, inboxKey, 'done', now());
    },
  };
}

/** Everything known of an incident, read in one snapshot. */
export async function loadRecord(store: Store, id: number): Promise<IncidentRecord | undefined> {
  return store.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    const incident = await loadIncident(tx, id);
    if (!incident) return undefined;
    const timeline = await loadTimeline(tx, id);
    return {
      incident,
      timeline,
      runs: await loadRuns(tx, id),
      proposals: await proposalsOf(tx, id),
      holds: await holdsOf(tx, id),
      people: await loadPeople(tx),
      headHash: timeline.at(-1)?.hash ?? '',
    };
  });
}
