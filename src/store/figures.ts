/** What figures over many incidents need, and no more: no timelines, no action items. */
import { type Actor, type Incident, MILESTONES, type Milestone } from '../domain/incident.ts';
import type { Db } from './store.ts';

export interface CaseFilter {
  /** Of when the impact began; where that is not recorded, of the detection, else of the declaration. */
  readonly from: Date;
  /** Not included. */
  readonly to: Date;
  readonly severity?: string;
  readonly service?: string;
}

export type StoredCase = Pick<
  Incident,
  | 'id'
  | 'kind'
  | 'private'
  | 'status'
  | 'severity'
  | 'service'
  | 'duplicateOf'
  | 'channelId'
  | 'declaredBy'
  | 'milestones'
>;

export async function casesBetween(
  db: Db,
  { from, to, severity, service }: CaseFilter,
): Promise<readonly StoredCase[]> {
  const { rows } = await db.query<CaseRow>(
    `select i.id, i.kind, i.private, i.status, i.severity, i.service, i.duplicate_of, i.channel_id, i.declared_by,
            (select jsonb_object_agg(m.key, m.value ->> 'at') from jsonb_each(i.milestones) as m) as times
       from incidents i
      where coalesce((i.milestones -> 'impact_started' ->> 'at')::timestamptz,
                     (i.milestones -> 'detected' ->> 'at')::timestamptz,
                     i.declared_at) >= $1
        and coalesce((i.milestones -> 'impact_started' ->> 'at')::timestamptz,
                     (i.milestones -> 'detected' ->> 'at')::timestamptz,
                     i.declared_at) < $2
        and ($3::text is null or i.severity = $3)
        and ($4::text is null or i.service = $4)
      order by i.id`,
    [from, to, severity, service],
  );
  return rows.map(toCase);
}

interface CaseRow {
  readonly id: number;
  readonly kind: Incident['kind'];
  readonly private: boolean;
  readonly status: Incident['status'];
  readonly severity: string;
  readonly service: string | null;
  readonly duplicate_of: number | null;
  readonly channel_id: string | null;
  readonly declared_by: Actor;
  readonly times: Readonly<Record<string, string>> | null;
}

const toCase = ({ service, duplicate_of, channel_id, declared_by, times, ...row }: CaseRow): StoredCase => ({
  ...row,
  declaredBy: declared_by,
  ...(service === null ? {} : { service }),
  ...(duplicate_of === null ? {} : { duplicateOf: duplicate_of }),
  ...(channel_id === null ? {} : { channelId: channel_id }),
  milestones: Object.fromEntries(
    MILESTONES.flatMap((name) => {
      const at = times?.[name];
      return at === undefined ? [] : [[name, milestoneAt(new Date(at), declared_by)] as const];
    }),
  ),
});

/** Who recorded it, and when, no figure asks for. */
const milestoneAt = (at: Date, by: Actor): Milestone => ({ at, by, recordedAt: at, earlier: [] });
