/** What people wrote into the postmortem, part by part. */
import type { PartName } from '../domain/postmortem/parts.ts';
import type { WrittenPart } from '../domain/record.ts';
import type { Db } from './store.ts';

/** In the order of their names, which is always the same. */
export async function loadParts(db: Db, incidentId: number): Promise<readonly WrittenPart[]> {
  const { rows } = await db.query<{ section: PartName; text: string; by_user: string; at: Date }>(
    `select section, text, by_user, at
       from report_parts
      where incident_id = $1
      order by section collate "C"`,
    [incidentId],
  );
  return rows.map(({ section: part, text, by_user: by, at }) => ({ part, text, by, at }));
}

export async function savePart(
  tx: Db,
  incidentId: number,
  { part, text, by, at }: WrittenPart,
): Promise<void> {
  await tx.query(
    `insert into report_parts (incident_id, section, text, by_user, at)
     values ($1, $2, $3, $4, $5)
     on conflict (incident_id, section) do update
        set text = excluded.text, by_user = excluded.by_user, at = excluded.at`,
    [incidentId, part, text, by, at],
  );
}

/** Nobody says it any more. */
export async function forgetPart(tx: Db, incidentId: number, part: PartName): Promise<void> {
  await tx.query('delete from report_parts where incident_id = $1 and section = $2', [incidentId, part]);
}
