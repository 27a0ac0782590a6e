/** What Slack delivered: one row a delivery, committed before Slack gets its ack. */
import { storableJson } from '../domain/storable.ts';
import { FirebreakError } from '../errors.ts';
import { type Db, first } from './store.ts';

export interface Delivered {
  /** The same for every copy of one delivery. */
  readonly key: string;
  readonly kind: string;
  /** The body as Slack sent it. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly receivedAt: Date;
  /** Where its refusal would lie, if it was refused: the `place` of a spool. */
  readonly receivedBy?: string | undefined;
}

export type Ending = 'done' | 'refused' | 'expired';

/** What lets its holder answer for the bot, or act for Slack; of no use once the row is settled. */
const SECRETS = ['token', 'bot_access_token', 'response_url', 'response_urls', 'trigger_id'];

/** Writes the delivery down; `known` is a second copy of one that was. */
export async function receive(
  db: Db,
  { key, kind, payload, receivedAt, receivedBy }: Delivered,
): Promise<'new' | 'known'> {
  const { rowCount } = await db.query(
    `insert into inbox (key, kind, payload, received_at, received_by)
     values ($1, $2, $3, $4, $5)
     on conflict (key) do nothing`,
    [key, kind, storableJson(payload), receivedAt, receivedBy],
    'receive',
  );
  return rowCount === 1 ? 'new' : 'known';
}

/**
 * Writes that the delivery was refused, also where an attempt to write it down, of which nobody heard whether it
 * succeeded, has left a row. One that has been done in the meantime stays done.
 */
export async function receiveRefused(
  db: Db,
  { key, kind, payload, receivedAt }: Delivered,
  now: Date,
): Promise<void> {
  await db.query(
    `insert into inbox (key, kind, payload, received_at, state, settled_at)
     values ($1, $2, $3::jsonb - $6::text[], $4, 'refused', $5)
     on conflict (key) do update
        set state = excluded.state, settled_at = excluded.settled_at, payload = excluded.payload
      where inbox.state = 'received'`,
    [key, kind, storableJson(payload), receivedAt, now, SECRETS],
  );
}

/** Ends a row; false when it was ended before, and stays as it was. Of an event, what was said is not kept. */
export async function settle(tx: Db, key: string, state: Ending, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update inbox
        set state = $2, settled_at = $3,
            payload = case kind when 'event' then '{}' else payload - $4::text[] end
      where key = $1 and state = 'received'`,
    [key, state, now, SECRETS],
    'settle',
  );
  return rowCount === 1;
}

/**
 * Ends a row as done within the transaction that did it; throws ALREADY_DONE, which rolls that back, when another
 * instance has done it in the meantime.
 */
export async function settleDone(tx: Db, key: string, now: Date): Promise<void> {
  if (!(await settle(tx, key, 'done', now))) throw new FirebreakError('ALREADY_DONE', { found: key });
}

/** Deletes rows that were ended before `before`. */
export async function forgetSettled(db: Db, before: Date): Promise<void> {
  await db.query('delete from inbox where settled_at < $1', [before]);
}

/** How a row stands. */
export async function stateOf(db: Db, key: string): Promise<Ending | 'received' | undefined> {
  const result = await db.query<{ state: Ending | 'received' }>('select state from inbox where key = $1', [
    key,
  ]);
  return first(result)?.state;
}

/** At a time: they may be large. */
const MOST = 100;

/**
 * Rows that nobody has ended, received before `before`: what a crash left; and those of these keys. Oldest first, at
 * most 100 at a time; `isAll`: there are no more.
 */
export async function openRows(
  db: Db,
  before: Date,
  keys: readonly string[],
): Promise<{ readonly rows: readonly Delivered[]; readonly isAll: boolean }> {
  const { rows } = await db.query<{
    key: string;
    kind: string;
    payload: Delivered['payload'];
    received_at: Date;
    received_by: string | null;
  }>(
    `select key, kind, payload, received_at, received_by
       from inbox
      where state = 'received' and (received_at < $1 or key = any ($2))
      order by received_at
      limit $3`,
    [before, keys, MOST],
  );
  return {
    rows: rows.map(({ received_at: receivedAt, received_by: receivedBy, ...row }) => ({
      ...row,
      receivedAt,
      receivedBy: receivedBy ?? undefined,
    })),
    isAll: rows.length < MOST,
  };
}
