/** The messages about alerts, by what they show, and the change that came before a proposal. */
import type { Effect } from '../domain/effects.ts';
import type { NewEntry } from '../domain/entry.ts';
import type { Proposal } from '../domain/record.ts';

/** The proposal's message, as it stands when it is delivered. */
export const proposalMessage = (proposal: number): Effect => ({
  kind: 'live',
  to: { kind: 'incidents-channel' },
  subject: { kind: 'proposal', proposal },
});

/** The alerts of a group, in the channel of their incident. */
export const groupMessage = (incident: number, proposal: number): Effect => ({
  kind: 'live',
  to: { kind: 'incident', id: incident },
  subject: { kind: 'alerts', incident, proposal },
});

/** What is beyond the hour's limit: a message a day, since one of the morning would be far up by the evening. */
export const heldBackMessage = (now: Date): Effect => ({
  kind: 'live',
  to: { kind: 'incidents-channel' },
  subject: { kind: 'held-back', on: now.toISOString().slice(0, 10) },
});

/** The fresh migration that came before, as an entry at its own time. */
export function changeEntry({ migration, target }: Proposal): NewEntry | undefined {
  if (!migration?.appliedAt) return undefined;
  return {
    at: migration.appliedAt,
    kind: 'change',
    actor: 'firebreak',
    text: `Migration ${migration.name} applied on ${target}`,
  };
}
