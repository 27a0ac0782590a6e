/** What Slack is to be told: one row an effect, delivered strictly in the order of its lane. */
import { type Effect, laneOf } from '../domain/effects.ts';
import { storableJson } from '../domain/storable.ts';
import { HELD_LEASE, type LeaseMark, writeUnder } from './leases.ts';
import { type Db, first } from './store.ts';

export interface OutboxRow {
  readonly id: number;
  readonly lane: string;
  /** Names the effect to Slack, so that it can be found there after "sent, answer unknown". */
  readonly effectId: string;
  readonly effect: Effect;
  /** Attempts before this one. */
  readonly attempts: number;
  readonly createdAt: Date;
  /** When it was tried before: it may have been sent then. */
  readonly triedAt?: Date;
}

/** What came of one attempt. */
export type Delivery =
  | { readonly kind: 'sent' }
  /** 429, or Slack is away: the lane waits. */
  | { readonly kind: 'wait'; readonly seconds: number }
  /** Permanent: no later attempt can succeed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** `fix`: what a person has to do before it can succeed. */
  | { readonly kind: 'retry'; readonly error: string; readonly fix?: string };

/** Work is announced here, in the transaction that writes it. */
export const WORK_CHANNEL = 'firebreak_work';

/** For work that no transaction here has written. */
export async function announceWork(db: Db): Promise<void> {
  await db.query(`select pg_notify('${WORK_CHANNEL}', '')`);
}

/**
 * Writes effects to their lanes, in their order, and announces the lanes. What is rendered when it is delivered (a live
 * message, a topic, an issue) is not written a second time while it still waits: the one that waits will show the newest state,
 * and Slack's limits on edits are low.
 */
export async function enqueue(db: Db, effects: readonly Effect[], now: Date): Promise<void> {
  const fresh: Effect[] = [];
  for (const effect of effects) if (!(await alreadyWaits(db, effect))) fresh.push(effect);
  if (fresh.length === 0) return;
  await db.query(
    `with added as (
       insert into outbox (lane, effect, created_at)
       select wish.lane, wish.effect::jsonb, $3::timestamptz
       from unnest($1::text[], $2::text[]) with ordinality as wish (lane, effect, position)
       order by wish.position
       returning lane)
     select pg_notify('${WORK_CHANNEL}', lanes.lane)
     from (select distinct lane from added) as lanes`,
    [fresh.map(laneOf), fresh.map(storableJson), now],
  );
}

/** The lock keeps its delivery from beginning before this transaction's state is there to be rendered. */
async function alreadyWaits(db: Db, effect: Effect): Promise<boolean> {
  if (effect.kind !== 'live' && effect.kind !== 'topic' && effect.kind !== 'track') return false;
  const { rowCount } = await db.query(
    `select
     from outbox
     where lane = $1 and state = 'pending' and tried_at is null and effect = $2::jsonb
     limit 1
     for update`,
    [laneOf(effect), storableJson(effect)],
  );
  return (rowCount ?? 0) > 0;
}

/** The lanes that have something to deliver and need not wait. */
export async function pendingLanes(db: Db, now: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ lane: string }>(
    `select distinct outbox.lane
     from outbox left join lanes on lanes.lane = outbox.lane
     where outbox.state = 'pending' and (lanes.not_before is null or lanes.not_before <= $1)`,
    [now],
  );
  return rows.map(({ lane }) => lane);
}

/** The oldest row of the lane that is still to be delivered; none while the lane has to wait, whoever found that out. */
export async function nextOf(db: Db, lane: string, now: Date): Promise<OutboxRow | undefined> {
  const row = first(
    await db.query<StoredRow>(
      `select id, lane, effect_id, effect, attempts, created_at, tried_at
       from outbox
       where lane = $1 and state = 'pending'
         and not exists (select from lanes where lanes.lane = outbox.lane and lanes.not_before > $2)
       order by id
       limit 1`,
      [lane, now],
    ),
  );
  return row && outboxRow(row);
}

/** Before an attempt: notes that it is made. False: the lease is no longer ours, do not attempt. */
export const markTried = (db: Db, lease: LeaseMark, row: OutboxRow, now: Date): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update outbox set tried_at = $5, attempts = attempts + 1
     where id = $4 and state = 'pending' and exists (select from lease)`,
    [row.id, now],
  );

/** The row is done. False: the lease is no longer ours, nothing was written; so for all that settle. */
export const settleSent = (db: Db, lease: LeaseMark, row: OutboxRow, now: Date): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update outbox set state = 'sent', error = null, settled_at = $5
     where id = $4 and state = 'pending' and exists (select from lease)`,
    [row.id, now],
  );

/** Slack will never take the row: the reason is kept with it, and the lane goes on. */
export const settleRefused = (
  db: Db,
  lease: LeaseMark,
  row: OutboxRow,
  now: Date,
  reason: string,
): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE}
     update outbox set state = 'refused', error = $6, settled_at = $5
     where id = $4 and state = 'pending' and exists (select from lease)`,
    [row.id, now, reason],
  );

/** Deletes rows that were settled before `before`. */
export async function forgetDelivered(db: Db, before: Date): Promise<void> {
  await db.query(
    `with gone as (
       delete from outbox where settled_at < $1
       returning effect_id)
     delete from live_messages where slot in (select 'file:' || effect_id from gone)`,
    [before],
  );
}

/** The row stays, and its lane waits until `notBefore`. */
export const settleLater = (
  db: Db,
  lease: LeaseMark,
  row: OutboxRow,
  notBefore: Date,
  error: string | null,
): Promise<boolean> =>
  writeUnder(
    db,
    lease,
    `${HELD_LEASE},
     noted as (
       update outbox set error = $6 where id = $4 and exists (select from lease))
     insert into lanes (lane, not_before)
     select $7, $5::timestamptz from lease
     on conflict (lane) do update set not_before = excluded.not_before`,
    [row.id, notBefore, error, row.lane],
  );

interface StoredRow {
  readonly id: number;
  readonly lane: string;
  readonly effect_id: string;
  readonly effect: Effect;
  readonly attempts: number;
  readonly created_at: Date;
  readonly tried_at: Date | null;
}

const outboxRow = (row: StoredRow): OutboxRow => ({
  id: row.id,
  lane: row.lane,
  effectId: row.effect_id,
  effect: row.effect,
  attempts: row.attempts,
  createdAt: row.created_at,
  ...(row.tried_at ? { triedAt: row.tried_at } : {}),
});
