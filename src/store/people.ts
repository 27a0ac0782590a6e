/** Names of people by Slack user id, as last seen; exports print them. */
import type { Db } from './store.ts';

export async function savePerson(db: Db, userId: string, name: string, now: Date): Promise<void> {
  await db.query(
    `insert into people (user_id, name, seen_at) values ($1, $2, $3)
     on conflict (user_id) do update set name = excluded.name, seen_at = excluded.seen_at`,
    [userId, name, now],
  );
}

export async function loadPeople(db: Db): Promise<Readonly<Record<string, string>>> {
  const { rows } = await db.query<{ user_id: string; name: string }>('select user_id, name from people');
  return Object.fromEntries(rows.map((row) => [row.user_id, row.name]));
}
