/** Where the messages that are kept current stand, and the files whose sharing is under way. */
import { type Db, first } from './store.ts';

export interface Place {
  readonly channel: string;
  /** Of a message its timestamp, of a file its id. */
  readonly ts: string;
}

export async function placeOf(db: Db, slot: string): Promise<Place | undefined> {
  return first(
    await db.query<{ channel: string; ts: string }>(
      'select channel_id as channel, ts from live_messages where slot = $1',
      [slot],
    ),
  );
}

export async function savePlace(db: Db, slot: string, { channel, ts }: Place): Promise<void> {
  await db.query(
    `insert into live_messages (slot, channel_id, ts)
     values ($1, $2, $3)
     on conflict (slot) do update set channel_id = excluded.channel_id, ts = excluded.ts`,
    [slot, channel, ts],
  );
}

export async function forgetPlace(db: Db, slot: string): Promise<void> {
  await db.query('delete from live_messages where slot = $1', [slot]);
}
