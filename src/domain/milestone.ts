/** When something was reached: a milestone is set, or corrected with the value it had kept. */
import type { Moment } from './decision.ts';
import type { Actor, Incident, Milestone, MilestoneName } from './incident.ts';

/** Sets or corrects a milestone; the value it had is kept. */
export function reach(incident: Incident, name: MilestoneName, at: Date, by: Actor, now: Date): Incident {
  const before = incident.milestones[name];
  const earlier = before
    ? [...before.earlier, { at: before.at, by: before.by, recordedAt: before.recordedAt }]
    : [];
  const milestone: Milestone = { at, by, recordedAt: now, earlier };
  return { ...incident, milestones: { ...incident.milestones, [name]: milestone } };
}

/** The first Acknowledge of a page, or the first `lead`, whichever comes first; told afterwards it says nothing of then. */
export const acknowledge = (incident: Incident, by: Actor, { said, now }: Moment): Incident =>
  incident.milestones.acknowledged || incident.kind === 'retrospective'
    ? incident
    : reach(incident, 'acknowledged', said, by, now);
