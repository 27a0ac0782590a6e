/** When Slack was last heard, the gaps in between, and what is to be read of them afterwards. */
import { type Db, first } from './store.ts';

export interface CatchUp {
  readonly gap: number;
  readonly incident: number;
  readonly channel: string;
  readonly from: Date;
  readonly until: Date;
  readonly found: number;
}

/**
 * Notes that Slack is heard now. When it was not for longer than `silence` ms, that is a gap: of several instances
 * the first one makes it, with what is to be read in each channel that is still spoken in (of an incident that ended,
 * when that was after `endedSince`).
 */
export async function noteHeard(tx: Db, now: Date, silence: number, endedSince: Date): Promise<void> {
  await tx.query('insert into presence (heard_at) values ($1) on conflict (only_row) do nothing', [now]);
  const before = first(
    await tx.query<{ heard_at: Date }>('select heard_at from presence where only_row for update'),
  );
  await tx.query('update presence set heard_at = greatest(heard_at, $1) where only_row', [now]);
  if (before && now.getTime() - before.heard_at.getTime() > silence)
    await openGap(tx, before.heard_at, now, endedSince);
}

async function openGap(tx: Db, from: Date, until: Date, endedSince: Date): Promise<void> {
  await tx.query(
    `with gap as (
       insert into gaps (heard_until, heard_again) values ($1, $2) returning id)
     insert into catch_ups (gap_id, incident_id)
     select gap.id, i.id
       from gap, incidents i
      where i.channel_id is not null and not i.archived
        and (i.status not in ('resolved', 'cancelled') or i.status_since > $3)`,
    [from, until, endedSince],
  );
}

/** What is still to be read; the open incidents and the newest first. */
export async function openCatchUps(db: Db, now: Date): Promise<readonly CatchUp[]> {
  const { rows } = await db.query<{
    gap: number;
    incident: number;
    channel: string;
    from: Date;
    until: Date;
    found: number;
  }>(
    `select c.gap_id as gap, c.incident_id as incident, i.channel_id as channel,
            g.heard_until as from, g.heard_again as until, c.found
       from catch_ups c
       join gaps g on g.id = c.gap_id
       join incidents i on i.id = c.incident_id
      where c.done_at is null and (c.not_before is null or c.not_before <= $1)
      order by i.status in ('resolved', 'cancelled'), c.gap_id, c.incident_id desc
      limit 50`,
    [now],
  );
  return rows;
}

export async function countFound(tx: Db, { gap, incident }: CatchUp): Promise<void> {
  await tx.query('update catch_ups set found = found + 1 where gap_id = $1 and incident_id = $2', [
    gap,
    incident,
  ]);
}

/** Ends it, once; answers how many messages were found, or nothing when it was ended before. */
export async function endCatchUp(tx: Db, { gap, incident }: CatchUp, at: Date): Promise<number | undefined> {
  const result = await tx.query<{ found: number }>(
    `update catch_ups set done_at = $3
      where gap_id = $1 and incident_id = $2 and done_at is null
      returning found`,
    [gap, incident, at],
  );
  return first(result)?.found;
}

export async function delayCatchUp(db: Db, { gap, incident }: CatchUp, until: Date): Promise<void> {
  await db.query('update catch_ups set not_before = $3 where gap_id = $1 and incident_id = $2', [
    gap,
    incident,
    until,
  ]);
}
