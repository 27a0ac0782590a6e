/** What is to happen later: a timer's key makes it happen once; timers that share a lane never overlap. */
import type { Timer } from '../domain/decision.ts';
import { HELD_LEASE, type LeaseMark, writeUnder } from './leases.ts';
import { WORK_CHANNEL } from './outbox.ts';
import { type Db, first } from './store.ts';

/** A slot in which a monitor looks. */
export interface MonitorTimer {
  readonly key: string;
  readonly kind: 'monitor';
  readonly dueAt: Date;
  readonly payload: { readonly monitor: string };
}

export interface DueTimer {
  readonly key: string;
  /** A string: a newer Firebreak may have written kinds that this one does not know. */
  readonly kind: string;
  readonly lane: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly dueAt: Date;
  /** Attempts that failed before. */
  readonly attempts: number;
}

/** Writes timers and announces them; one whose key is there already is left as it is. */
export async function schedule(db: Db, timers: readonly (Timer | MonitorTimer)[]): Promise<void> {
  if (timers.length === 0) return;
  await db.query(
    `with added as (
       insert into timers (key, kind, lane, payload, due_at)
       select wish.key, wish.kind, wish.lane, wish.payload::jsonb, wish.due_at
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         as wish (key, kind, lane, payload, due_at)
       on conflict (key) do nothing
       returning lane)
     select pg_notify('${WORK_CHANNEL}', lanes.lane)
     from (select distinct lane from added) as lanes`,
    [
      timers.map(({ key }) => key),
      timers.map(({ kind }) => kind),
      timers.map(laneOfTimer),
      timers.map(({ payload }) => JSON.stringify(payload)),
      timers.map(({ dueAt }) => dueAt.toISOString()),
    ],
  );
}

/** The lanes that have a timer to be done now. */
export async function dueLanes(db: Db, now: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ lane: string }>(
    `select distinct lane
     from timers
     where done_at is null and due_at <= $1 and (not_before is null or not_before <= $1)`,
    [now],
  );
  return rows.map(({ lane }) => lane);
}

/** The timer of the lane that has been due for longest. */
export async function nextDue(db: Db, lane: string, now: Date): Promise<DueTimer | undefined> {
  const row = first(
    await db.query<StoredTimer>(
      `select key, kind, lane, payload, due_at, attempts
       from timers
       where lane = $1 and done_at is null and due_at <= $2 and (not_before is null or not_before <= $2)
       order by due_at, key
       limit 1`,
      [lane, now],
    ),
  );
  return row && { ...row, dueAt: row.due_at };
}

/** The timer is done. False: the lease is no longer ours, nothing was written. */
export const finish = (db: Db, lease: LeaseMark, timer: DueTimer, now: Date): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update timers set done_at = $5, error = null
     where key = $4 and done_at is null and exists (select from lease)`,
    [timer.key, now],
  );

/** The timer failed: it stays due, and is tried again from `notBefore` on. */
export const postpone = (
  db: Db,
  lease: LeaseMark,
  timer: DueTimer,
  notBefore: Date,
  error: string,
): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update timers set not_before = $5, attempts = attempts + 1, error = $6
     where key = $4 and done_at is null and exists (select from lease)`,
    [timer.key, notBefore, error],
  );

/** It is not the time for the timer yet: it stays due, and is looked at again from `notBefore` on. */
export const hold = (db: Db, lease: LeaseMark, timer: DueTimer, notBefore: Date): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update timers set not_before = $5
     where key = $4 and done_at is null and exists (select from lease)`,
    [timer.key, notBefore],
  );

/** Slots of a monitor that were missed are not caught up: of those due, only the newest stays. */
export async function skipMissedSlots(db: Db, lane: string, now: Date): Promise<void> {
  await db.query(
    `update timers as missed set done_at = $2, error = 'missed'
     where missed.lane = $1 and missed.kind = 'monitor' and missed.done_at is null and missed.due_at <= $2
       and exists (
         select from timers as newer
         where newer.lane = $1 and newer.kind = 'monitor' and newer.due_at <= $2
           and (newer.due_at, newer.key) > (missed.due_at, missed.key))`,
    [lane, now],
  );
}

/** Forgets the slots that were done before `before`: their keys cannot come again. */
export async function forgetSlots(db: Db, before: Date): Promise<void> {
  await db.query(`delete from timers where kind = 'monitor' and done_at < $1`, [before]);
}

/** The lane of a timer: an incident's pages one after the other, a monitor never beside itself. */
function laneOfTimer(timer: Timer | MonitorTimer): string {
  switch (timer.kind) {
    case 'escalation-due':
    case 'page-team':
      return `incident:${String(timer.payload['incident'])}`;
    case 'monitor':
      return `monitor:${timer.payload.monitor}`;
  }
}

interface StoredTimer {
  readonly key: string;
  readonly kind: string;
  readonly lane: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly due_at: Date;
  readonly attempts: number;
}
