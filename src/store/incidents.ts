/** Incidents with their roles, milestones, action items and pages. */
import type { ActionItem, Actor, Incident, Milestone, Page } from '../domain/incident.ts';
import { type Db, first } from './store.ts';

interface IncidentRow {
  readonly id: number;
  readonly title: string;
  readonly severity: Incident['severity'];
  readonly status: Incident['status'];
  readonly declared_by: string;
  readonly declared_at: Date;
  readonly channel_id: string | null;
  readonly roles: Incident['roles'];
  readonly milestones: Readonly<Record<string, StoredMilestone>>;
  readonly action_items: readonly ActionRow[];
  readonly pages: readonly PageRow[];
}

type StoredTime = { readonly at: string; readonly by: Actor; readonly recordedAt: string };
type StoredMilestone = StoredTime & { readonly earlier: readonly StoredTime[] };
type ActionRow = Omit<ActionItem, 'owner' | 'due'> & {
  readonly owner: string | null;
  readonly due: string | null;
};
interface PageRow {
  readonly number: number;
  readonly team: string;
  readonly user: string;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly at: string;
  readonly told: boolean;
  readonly answer: {
    readonly kind: 'acknowledged' | 'declined';
    readonly by: string;
    readonly at: string;
  } | null;
}

const COLUMNS = `
  i.id, i.title, i.severity, i.status, i.declared_by, i.declared_at, i.channel_id, i.roles, i.milestones,
  coalesce((select jsonb_agg(jsonb_build_object('number', a.number, 'text', a.text, 'owner', a.owner, 'due', a.due,
                                                'done', a.done, 'createdBy', a.created_by) order by a.number)
              from action_items a where a.incident_id = i.id), '[]') as action_items,
  coalesce((select jsonb_agg(jsonb_build_object(
                     'number', p.number, 'team', p.team, 'user', p.user_id, 'reason', p.reason,
                     'requestedBy', p.requested_by, 'at', p.at, 'told', p.told,
                     'answer', case when p.answer is not null then
                       jsonb_build_object('kind', p.answer, 'by', p.answered_by, 'at', p.answered_at) end) order by p.number)
              from pages p where p.incident_id = i.id), '[]') as pages`;

/** The number of the next incident. */
export async function nextIncidentId(db: Db): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('incidents', 'id')) as id`,
  );
  return (rows[0] as { id: number }).id;
}

export async function loadIncident(db: Db, id: number): Promise<Incident | undefined> {
  const row = first(await db.query<IncidentRow>(`select ${COLUMNS} from incidents i where i.id = $1`, [id]));
  return row && toIncident(row);
}

/** Loads an incident and keeps others from deciding on it until the transaction ends. */
export async function lockIncident(tx: Db, id: number): Promise<Incident | undefined> {
  await tx.query('select from incidents where id = $1 for update', [id]);
  return loadIncident(tx, id);
}

/** Newest first. */
export async function listIncidents(db: Db, filter: 'open' | 'all'): Promise<readonly Incident[]> {
  const { rows } = await db.query<IncidentRow>(
    `select ${COLUMNS}
       from incidents i
      where $1 = 'all' or i.status not in ('resolved', 'cancelled')
      order by i.id desc
      limit 50`,
    [filter],
  );
  return rows.map(toIncident);
}

export async function incidentOfChannel(db: Db, channelId: string): Promise<number | undefined> {
  const result = await db.query<{ id: number }>('select id from incidents where channel_id = $1', [
    channelId,
  ]);
  return first(result)?.id;
}

export async function setChannel(db: Db, id: number, channelId: string): Promise<void> {
  await db.query('update incidents set channel_id = $2 where id = $1', [id, channelId]);
}

/** Writes an incident as the core left it; `overriding` since its number was drawn before it was decided. */
export async function saveIncident(tx: Db, incident: Incident): Promise<void> {
  await tx.query(
    `insert into incidents (id, title, severity, status, declared_by, declared_at, roles, milestones)
     overriding system value
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do update
        set title = excluded.title, severity = excluded.severity, status = excluded.status,
            roles = excluded.roles, milestones = excluded.milestones`,
    [
      incident.id,
      incident.title,
      incident.severity,
      incident.status,
      incident.declaredBy,
      incident.declaredAt,
      JSON.stringify(incident.roles),
      JSON.stringify(incident.milestones),
    ],
  );
  for (const item of incident.actionItems) await saveActionItem(tx, incident.id, item);
  for (const page of incident.pages) await savePage(tx, incident.id, page);
}

async function saveActionItem(tx: Db, incident: number, item: ActionItem): Promise<void> {
  await tx.query(
    `insert into action_items (incident_id, number, text, owner, due, done, created_by)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (incident_id, number) do update
        set text = excluded.text, owner = excluded.owner, due = excluded.due, done = excluded.done`,
    [incident, item.number, item.text, item.owner, item.due, item.done, item.createdBy],
  );
}

async function savePage(tx: Db, incident: number, page: Page): Promise<void> {
  const { answer } = page;
  await tx.query(
    `insert into pages (incident_id, number, team, user_id, reason, requested_by, at, answer, answered_by, answered_at, told)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (incident_id, number) do update
        set told = excluded.told, answer = excluded.answer, answered_by = excluded.answered_by, answered_at = excluded.answered_at`,
    [
      incident,
      page.number,
      page.team,
      page.user,
      page.reason,
      page.requestedBy,
      page.at,
      answer?.kind,
      answer?.by,
      answer?.at,
      page.told ?? false,
    ],
  );
}

function toIncident(row: IncidentRow): Incident {
  return {
    id: row.id,
    title: row.title,
    severity: row.severity,
    status: row.status,
    declaredBy: row.declared_by,
    declaredAt: row.declared_at,
    ...(row.channel_id ? { channelId: row.channel_id } : {}),
    roles: row.roles,
    milestones: toMilestones(row.milestones),
    actionItems: row.action_items.map(({ owner, due, ...item }) => ({
      ...item,
      ...(owner ? { owner } : {}),
      ...(due ? { due } : {}),
    })),
    pages: row.pages.map(toPage),
  };
}

const toPage = ({ reason, answer, at, told, ...page }: PageRow): Page => ({
  ...page,
  ...(told ? { told } : {}),
  at: new Date(at),
  ...(reason ? { reason } : {}),
  ...(answer ? { answer: { ...answer, at: new Date(answer.at) } } : {}),
});

function toMilestones(stored: IncidentRow['milestones']): Incident['milestones'] {
  const entries = Object.entries(stored).map(([name, milestone]): [string, Milestone] => [
    name,
    { ...toTime(milestone), earlier: milestone.earlier.map(toTime) },
  ]);
  return Object.fromEntries(entries);
}

const toTime = ({ at, by, recordedAt }: StoredTime): { at: Date; by: Actor; recordedAt: Date } => ({
  at: new Date(at),
  by,
  recordedAt: new Date(recordedAt),
});
