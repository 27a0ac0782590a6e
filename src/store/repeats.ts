/** What was sent to Slack again because an answer was lost: the lost request may still be carried out, and is looked for. */
import type { Effect } from '../domain/effects.ts';
import type { Db } from './store.ts';

export interface Repeat {
  readonly effectId: string;
  readonly channel: string;
  /** What is rendered when it is delivered; undefined for what was said once, with its words. */
  readonly effect?: Effect;
  readonly files: readonly string[];
  /** Nothing of it was posted earlier. */
  readonly since: Date;
  readonly repeatedAt: Date;
  /** How often it was looked for. */
  readonly looks: number;
}

/** Notes it before it is sent again; a further time begins the looks anew. */
export async function noteRepeat(db: Db, repeat: Omit<Repeat, 'looks'>, lookAt: Date): Promise<void> {
  const { effectId, channel, effect, files, since, repeatedAt } = repeat;
  await db.query(
    `insert into repeats (effect_id, channel_id, effect, file_ids, since, repeated_at, look_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (effect_id) do update
        set file_ids = repeats.file_ids || excluded.file_ids, repeated_at = excluded.repeated_at,
            looks = 0, look_at = excluded.look_at`,
    [effectId, channel, effect && JSON.stringify(effect), files, since, repeatedAt, lookAt],
  );
}

/** One that is still to be delivered may be sent once more. */
const IS_DUE = `look_at <= $1
  and not exists (select from outbox where outbox.effect_id = repeats.effect_id and outbox.state = 'pending')`;

/** The channels in which something is to be looked for now. */
export async function dueChannels(db: Db, now: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ channel: string }>(
    `select distinct channel_id as channel from repeats where ${IS_DUE}`,
    [now],
  );
  return rows.map(({ channel }) => channel);
}

export async function dueRepeats(db: Db, channel: string, now: Date): Promise<readonly Repeat[]> {
  const { rows } = await db.query<{
    effect_id: string;
    effect: Effect | null;
    file_ids: readonly string[];
    since: Date;
    repeated_at: Date;
    looks: number;
  }>(
    `select effect_id, effect, file_ids, since, repeated_at, looks
       from repeats
      where channel_id = $2 and ${IS_DUE}
      order by since`,
    [now, channel],
  );
  return rows.map(
    ({ effect_id: effectId, effect, file_ids: files, since, repeated_at: repeatedAt, looks }) => ({
      effectId,
      channel,
      files,
      since,
      repeatedAt,
      looks,
      ...(effect ? { effect } : {}),
    }),
  );
}

/** Notes that it was looked for; without a next time nothing is left to be expected. */
export async function noteLook(db: Db, { effectId }: Repeat, next: Date | undefined): Promise<void> {
  if (next)
    await db.query('update repeats set looks = looks + 1, look_at = $2 where effect_id = $1', [
      effectId,
      next,
    ]);
  else await db.query('delete from repeats where effect_id = $1', [effectId]);
}

/** It could not be looked for: it is, from then on. */
export async function delayLooks(db: Db, repeats: readonly Repeat[], until: Date): Promise<void> {
  await db.query('update repeats set look_at = $2 where effect_id = any ($1)', [
    repeats.map(({ effectId }) => effectId),
    until,
  ]);
}
