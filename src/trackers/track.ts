/** Brings the tracker's issue of an action item in line with the item: made once, closed when it is done. */
import type { ActionItem, Incident } from '../domain/incident.ts';
import { draftOf } from './draft.ts';
import type { Asked, Failure, Issue, Tracker } from './tracker.ts';

export interface TrackingPorts {
  /** Undefined: there is none in firebreak.yml. */
  readonly tracker: Tracker | undefined;
  readonly now: () => Date;
  readonly incident: (id: number) => Promise<Incident | undefined>;
  /** Names of people by Slack user id. */
  readonly people: () => Promise<Readonly<Record<string, string>>>;
  /** Keeps where the item is now. */
  readonly tracked: (incident: number, item: number, issue: Issue) => Promise<unknown>;
}

/** A row of the outbox. */
export interface TrackingRow {
  readonly effectId: string;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly triedAt?: Date;
}

/** One attempt. */
export type Tracking = (
  what: { readonly incident: number; readonly item: number },
  row: TrackingRow,
  signal: AbortSignal,
) => Promise<Failure | { readonly kind: 'sent' }>;

export function createTracking(ports: TrackingPorts): Tracking {
  const doubts = createDoubts(ports);
  return async (what, row, signal) => {
    const { tracker } = ports;
    if (!tracker) return { kind: 'refused', reason: 'there is no tracker in firebreak.yml any more' };
    const incident = await ports.incident(what.incident);
    const item = incident?.actionItems.find(({ number }) => number === what.item);
    if (!incident || !item) return { kind: 'refused', reason: 'there is no such action item' };
    // The core asks for no such thing; what is private does not leave by a mistake of it either.
    if (incident.private || incident.kind === 'drill') return { kind: 'sent' };
    const from = doubts.lookFrom(row);
    const seconds = Math.ceil((from - ports.now().getTime()) / 1000);
    if (item.issue === undefined && seconds > 0) return { kind: 'wait', seconds };
    const made = item.issue
      ? ({ ok: true, value: item.issue } as const)
      : await findOrMake({ incident, item, row, doubt: from > 0, tracker, signal }, ports);
    if (!made.ok) {
      if (made.unsure) doubts.keep(row);
      return made.failure;
    }
    doubts.end(row);
    return made.value === undefined
      ? { kind: 'sent' }
      : follow(made.value, what, item, { ports, tracker, signal });
  };
}

interface Making {
  readonly incident: Incident;
  readonly item: ActionItem;
  readonly row: TrackingRow;
  /** An earlier attempt may have made it. */
  readonly doubt: boolean;
  readonly tracker: Tracker;
  readonly signal: AbortSignal;
}

/** Nothing is made for what is done already, or of an incident that was a false alarm. */
async function findOrMake(
  { incident, item, row, doubt, tracker, signal }: Making,
  { people }: TrackingPorts,
): Promise<Asked<Issue | undefined>> {
  const found = doubt ? await tracker.find(row.effectId, row.createdAt, signal) : undefined;
  // A look that failed leaves the doubt as it was.
  if (found && !found.ok) return { ...found, unsure: false };
  if (found?.value) return found;
  if (item.done || incident.status === 'cancelled') return { ok: true, value: undefined };
  return tracker.create(draftOf(incident, item, await people(), row.effectId), signal);
}

/** The link is kept before the state is set: what fails from here on knows its issue. */
async function follow(
  issue: Issue,
  { incident, item: number }: Parameters<Tracking>[0],
  item: ActionItem,
  { ports, tracker, signal }: { ports: TrackingPorts; tracker: Tracker; signal: AbortSignal },
): Promise<Failure | { readonly kind: 'sent' }> {
  const isNew = item.issue === undefined;
  if (isNew) await ports.tracked(incident, number, issue);
  if (isNew && !item.done) return { kind: 'sent' };
  const set = await tracker.setState(issue, item.done ? 'closed' : 'open', signal);
  return set.ok ? { kind: 'sent' } : set.failure;
}

/**
 * Attempts after which nobody knows whether the issue was made. What was sent may still be on its way until the
 * deadline: only then does it make sense to look.
 */
function createDoubts({ tracker, now }: TrackingPorts) {
  const known = new Map<string, { readonly from: number; readonly attempts: number }>();
  const later = (at: Date): number => at.getTime() + (tracker?.deadlineMs ?? 0);
  return {
    /** From when on the issue can be looked for; 0 when there is nothing to find. */
    lookFrom(row: TrackingRow): number {
      const ours = known.get(row.effectId);
      // Another count than ours: somebody else, or we before a restart, tried it.
      const from = ours?.attempts === row.attempts ? ours.from : row.triedAt ? later(row.triedAt) : 0;
      known.set(row.effectId, { from, attempts: row.attempts + 1 });
      return from;
    },
    keep: ({ effectId, attempts }: TrackingRow): void =>
      void known.set(effectId, { from: later(now()), attempts: attempts + 1 }),
    end: ({ effectId }: TrackingRow): void => void known.delete(effectId),
  };
}
