/** How far the journals of guarded deploys were picked up. */
import { type Db, first } from './store.ts';

export interface GuardPickedUp {
  readonly target: string;
  readonly guard: string;
  /** The number of the last event. */
  readonly events: number;
  readonly incidentId?: number;
  readonly proposed: boolean;
}

interface Row {
  readonly events: number;
  readonly incident_id: number | null;
  readonly proposed: boolean;
}

/** Locked, so that two instances do not pick the same up; nothing so far is zero events. */
export async function lockGuard(tx: Db, target: string, guard: string): Promise<GuardPickedUp> {
  await tx.query('insert into guards (target, guard, events) values ($1, $2, 0) on conflict do nothing', [
    target,
    guard,
  ]);
  const row = first(
    await tx.query<Row>(
      'select events, incident_id, proposed from guards where target = $1 and guard = $2 for update',
      [target, guard],
    ),
  );
  return {
    target,
    guard,
    events: row?.events ?? 0,
    proposed: row?.proposed === true,
    ...(row?.incident_id ? { incidentId: row.incident_id } : {}),
  };
}

export async function saveGuard(tx: Db, it: GuardPickedUp): Promise<void> {
  await tx.query(
    'update guards set events = $3, incident_id = $4, proposed = $5 where target = $1 and guard = $2',
    [it.target, it.guard, it.events, it.incidentId ?? null, it.proposed],
  );
}
