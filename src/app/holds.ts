/** A held migration that is applied again: its incident is open again, and whoever is on call for it is paged. */
import { card, say } from '../domain/decision.ts';
import { foreign } from '../domain/foreign.ts';
import { isOpen } from '../domain/incident.ts';
import type { Hold } from '../domain/record.ts';
import { markReturned } from '../store/holds.ts';
import { loadIncident } from '../store/incidents.ts';
import { type EscalationParts, escalate } from './escalations.ts';
import { actOnIncident, actWithin } from './incidents.ts';

const BY = 'monitor:holds';

/** Told once for each return; what fails halfway is begun anew by the next look, and pages nobody twice. */
export async function heldIsBack(
  parts: EscalationParts,
  hold: Hold,
  appliedAt: Date | undefined,
): Promise<void> {
  const { store, settings, now } = parts;
  const { target, migration, runId } = hold;
  const text = `Migration ${migration} is applied to ${target} again, though it is held since ${runId === undefined ? 'a guard' : `run ${runId}`} rolled it back`;
  const incident = await loadIncident(store, hold.incidentId);
  if (!incident) return;
  if (!isOpen(incident)) {
    const again = { kind: 'reopen', by: BY, reason: text } as const;
    await actOnIncident(store, incident.id, again, {}, now(), settings);
  }
  const service = incident.service ?? settings.targets[target]?.services[0];
  const team = service === undefined ? undefined : settings.services[service]?.team;
  // That the team is being paged already is no failure: they know.
  if (team !== undefined) await escalate(parts, incident.id, { by: BY, team, reason: text }, {});
  const asked = team === undefined ? ' No team is named for its service: nobody could be paged.' : '';
  await store.transaction(async (tx) => {
    if (!(await markReturned(tx, hold, now()))) return;
    const said = say(incident, `:rotating_light: ${foreign(text)}.${asked}`);
    const entry = {
      kind: 'record',
      by: BY,
      entry: 'change',
      text,
      at: appliedAt ?? now(),
      details: { target, migration },
      effects: [said, card(incident)],
    } as const;
    await actWithin(tx, incident.id, entry, {}, now(), settings);
  });
}
