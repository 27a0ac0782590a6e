/** What waits in the store, for `health`. */
import { type Db, first } from './store.ts';

export interface Waiting {
  readonly count: number;
  readonly lane?: string;
  readonly since?: Date;
  readonly error?: string;
}

/** What is to be sent, and the row that waits the longest. */
export async function waitingToSend(db: Db): Promise<Waiting> {
  const row = first(
    await db.query<{ count: number; lane: string; created_at: Date; error: string | null }>(
      `select (select count(*)::int from outbox where state = 'pending') as count, lane, created_at, error
         from outbox
        where state = 'pending'
        order by created_at, id
        limit 1`,
    ),
  );
  if (!row) return { count: 0 };
  return {
    count: row.count,
    lane: row.lane,
    since: row.created_at,
    ...(row.error ? { error: row.error } : {}),
  };
}

/** Since when the longest-waiting row of a lane that is not held back could be sent; undefined when there is none. */
export async function stuckSince(db: Db, now: Date): Promise<Date | undefined> {
  const row = first(
    await db.query<{ since: Date | null }>(
      `select min(greatest(outbox.created_at, lanes.not_before)) as since
         from outbox
         left join lanes using (lane)
        where outbox.state = 'pending' and (lanes.not_before is null or lanes.not_before <= $1)`,
      [now],
    ),
  );
  return row?.since ?? undefined;
}

/** Deliveries of Slack that nobody has ended, but the one that asks. */
export async function openDeliveries(
  db: Db,
  but: string | undefined,
): Promise<{ readonly count: number; readonly oldest?: Date }> {
  const row = first(
    await db.query<{ count: number; oldest: Date | null }>(
      `select count(*)::int as count, min(received_at) as oldest
         from inbox
        where state = 'received' and key is distinct from $1`,
      [but],
    ),
  );
  return { count: row?.count ?? 0, ...(row?.oldest ? { oldest: row.oldest } : {}) };
}

/** Whether a person waits for what they said to be done, which may be the answer to a page: what happens in a channel is none. */
export async function isSomebodyUnheard(db: Db): Promise<boolean> {
  const result = await db.query<{ unheard: boolean }>(
    `select exists (select from inbox
                     where state = 'received'
                       and (kind <> 'event' or payload -> 'event' ->> 'type' = 'app_mention')) as unheard`,
  );
  return first(result)?.unheard ?? false;
}

/** When each monitor looked last, and whether it saw red. */
export async function looksOf(
  db: Db,
): Promise<Readonly<Record<string, { readonly checkedAt: Date; readonly red: boolean }>>> {
  const { rows } = await db.query<{ name: string; checked_at: Date; red_since: Date | null }>(
    'select name, checked_at, red_since from monitors',
  );
  return Object.fromEntries(
    rows.map(({ name, checked_at: checkedAt, red_since }) => [name, { checkedAt, red: red_since !== null }]),
  );
}
