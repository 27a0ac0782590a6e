/** Incidents with their roles, milestones, action items, escalations and pages. */
import type { ActionItem, Actor, Escalation, Incident, Milestone, Page } from '../domain/incident.ts';
import type { Reminder, Reminders } from '../domain/reminders.ts';
import { storableJson } from '../domain/storable.ts';
import { type Db, first } from './store.ts';

interface IncidentRow {
  readonly id: number;
  readonly kind: Incident['kind'];
  readonly private: boolean;
  readonly title: string;
  readonly severity: Incident['severity'];
  readonly status: Incident['status'];
  readonly status_since: Date;
  readonly declared_by: string;
  readonly declared_at: Date;
  readonly service: string | null;
  readonly channel_id: string | null;
  readonly archived: boolean;
  readonly duplicate_of: number | null;
  readonly accounts: Incident['accounts'];
  readonly last_update: { readonly at: string; readonly by: string; readonly text: string } | null;
  readonly postmortem_at: Date | null;
  readonly left_out: readonly number[];
  readonly roles: Incident['roles'];
  readonly milestones: Readonly<Record<string, StoredMilestone>>;
  readonly reminders: StoredReminders;
  readonly remind_at: Date | null;
  readonly action_items: readonly ActionRow[];
  readonly escalations: readonly EscalationRow[];
  readonly pages: readonly PageRow[];
}

type StoredTime = { readonly at: string; readonly by: Actor; readonly recordedAt: string };
type StoredMilestone = StoredTime & { readonly earlier: readonly StoredTime[] };
interface StoredReminders extends Pick<Reminders, 'dismissed'> {
  readonly last?: Omit<Reminder, 'at' | 'state'> & {
    readonly at: string;
    readonly state: Reminder['state'] & { readonly until?: string };
  };
  readonly snoozed: Readonly<Record<string, string>>;
  readonly said?: Readonly<Record<string, { readonly at: string; readonly times: number }>>;
}
type ActionRow = Omit<ActionItem, 'owner' | 'due' | 'quietUntil' | 'reminder' | 'issue'> & {
  readonly owner: string | null;
  readonly due: string | null;
  readonly quietUntil: string | null;
  readonly reminder: ActionItem['reminder'] | null;
  readonly issue: ActionItem['issue'] | null;
};
type EscalationRow = Omit<Escalation, 'reason' | 'at' | 'levelAt'> & {
  readonly reason: string | null;
  readonly at: string;
  readonly levelAt: string;
};
interface PageRow {
  readonly number: number;
  readonly escalation: number;
  readonly level: number;
  readonly team: string;
  readonly user: string;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly at: string;
  readonly unsent: string | null;
  readonly answer: {
    readonly kind: 'acknowledged' | 'declined';
    readonly by: string;
    readonly at: string;
  } | null;
}

const COLUMNS = `
  i.id, i.kind, i.private, i.title, i.severity, i.status, i.status_since, i.declared_by, i.declared_at, i.service,
  i.channel_id, i.archived, i.duplicate_of, i.accounts, i.last_update, i.postmortem_at, i.roles, i.milestones,
  i.reminders, i.remind_at, i.left_out,
  coalesce((select jsonb_agg(jsonb_build_object('number', a.number, 'text', a.text, 'owner', a.owner, 'due', a.due,
                                                'done', a.done, 'createdBy', a.created_by,
                                                'quietUntil', a.quiet_until, 'reminder', a.reminder,
                                                'issue', a.issue) order by a.number)
              from action_items a where a.incident_id = i.id), '[]') as action_items,
  coalesce((select jsonb_agg(jsonb_build_object(
                     'number', e.number, 'team', e.team, 'reason', e.reason, 'requestedBy', e.requested_by,
                     'at', e.at, 'level', e.level, 'levelAt', e.level_at, 'waitSeconds', e.wait_seconds,
                     'ways', e.ways, 'state', e.state) order by e.number)
              from escalations e where e.incident_id = i.id), '[]') as escalations,
  coalesce((select jsonb_agg(jsonb_build_object(
                     'number', p.number, 'escalation', p.escalation, 'level', p.level, 'team', p.team,
                     'user', p.user_id, 'reason', p.reason, 'requestedBy', p.requested_by, 'at', p.at,
                     'unsent', p.unsent, 'answer', case when p.answer is not null then
                       jsonb_build_object('kind', p.answer, 'by', p.answered_by, 'at', p.answered_at) end) order by p.number)
              from pages p where p.incident_id = i.id), '[]') as pages`;

/** The number of the next incident. */
export async function nextIncidentId(db: Db): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('incidents', 'id')) as id`,
  );
  return (rows[0] as { id: number }).id;
}

/** Declarations go one after the other, until the transaction ends: each sees the one before. */
export async function oneDeclaration(tx: Db): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtext('firebreak declare'))");
}

export async function loadIncident(db: Db, id: number): Promise<Incident | undefined> {
  const row = first(await db.query<IncidentRow>(`select ${COLUMNS} from incidents i where i.id = $1`, [id]));
  return row && toIncident(row);
}

/**
 * Loads an incident and keeps others from deciding on it until the transaction ends. Its key does not change: a
 * stronger lock would wait for whoever has written a row that refers to it, and two of those would wait for each other.
 */
export async function lockIncident(tx: Db, id: number): Promise<Incident | undefined> {
  await tx.query('select from incidents where id = $1 for no key update', [id]);
  return loadIncident(tx, id);
}

export interface IncidentFilter {
  readonly state: 'open' | 'ended' | 'all';
  readonly severity?: string;
  readonly service?: string;
  readonly kind?: Incident['kind'];
  /** Who declared it, or holds a role in it, or was paged for it. */
  readonly person?: string;
}

/** Newest first, at most 200. */
export async function listIncidents(db: Db, filter: IncidentFilter): Promise<readonly Incident[]> {
  const { rows } = await db.query<IncidentRow>(
    `select ${COLUMNS}
       from incidents i
      where ($1 = 'all' or (i.status in ('resolved', 'cancelled')) = ($1 = 'ended'))
        and ($2::text is null or i.severity = $2)
        and ($3::text is null or i.service = $3)
        and ($4::text is null or i.kind = $4)
        and ($5::text is null or i.declared_by = $5
             or exists (select from jsonb_each_text(i.roles) as role where role.value = $5)
             or exists (select from pages p where p.incident_id = i.id and p.user_id = $5))
      order by i.id desc
      limit 200`,
    [filter.state, filter.severity, filter.service, filter.kind, filter.person],
  );
  return rows.map(toIncident);
}

/** The open ones that a target matters to: by service, by the proposal they came from, by a run; in their order. */
export async function openIncidentsOn(
  db: Db,
  target: string,
  services: readonly string[],
): Promise<readonly number[]> {
  const { rows } = await db.query<{ id: number }>(
    `select i.id
       from incidents i
      where i.status not in ('resolved', 'cancelled')
        and (i.service = any ($2)
             or exists (select from proposals p where p.incident_id = i.id and p.target = $1)
             or exists (select from runs r where r.incident_id = i.id and r.target = $1))
      order by i.id`,
    [target, services],
  );
  return rows.map(({ id }) => id);
}

/** What a person has to do in any incident, and which one. */
export async function openActionItems(
  db: Db,
  owner: string,
): Promise<readonly { readonly incident: number; readonly item: ActionItem }[]> {
  const { rows } = await db.query<ActionRow & { readonly incident_id: number }>(
    `select incident_id, number, text, owner, due, done, created_by as "createdBy", quiet_until as "quietUntil",
            reminder, issue
       from action_items
      where owner = $1 and not done
      order by incident_id, number
      limit 100`,
    [owner],
  );
  return rows.map(({ incident_id: incident, ...item }) => ({ incident, item: toActionItem(item) }));
}

/** Incidents in which something may have to be reminded of. */
export async function remindable(db: Db, now: Date): Promise<readonly number[]> {
  const { rows } = await db.query<{ id: number }>(
    'select id from incidents where remind_at <= $1 order by remind_at limit 100',
    [now],
  );
  return rows.map(({ id }) => id);
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
  const { nextAt, ...reminders } = incident.reminders;
  await tx.query(
    `insert into incidents (id, kind, private, title, severity, status, status_since, declared_by, declared_at, service,
                            archived, duplicate_of, accounts, last_update, postmortem_at, roles, milestones, reminders,
                            remind_at, left_out)
     overriding system value
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
     on conflict (id) do update
        set title = excluded.title, severity = excluded.severity, status = excluded.status,
            status_since = excluded.status_since, service = excluded.service, archived = excluded.archived,
            duplicate_of = excluded.duplicate_of, accounts = excluded.accounts, last_update = excluded.last_update,
            postmortem_at = excluded.postmortem_at, roles = excluded.roles, milestones = excluded.milestones,
            reminders = excluded.reminders, remind_at = excluded.remind_at, left_out = excluded.left_out`,
    [
      incident.id,
      incident.kind,
      incident.private,
      incident.title,
      incident.severity,
      incident.status,
      incident.statusSince,
      incident.declaredBy,
      incident.declaredAt,
      incident.service,
      incident.archived ?? false,
      incident.duplicateOf,
      storableJson(incident.accounts),
      incident.lastUpdate && storableJson(incident.lastUpdate),
      incident.postmortemAt,
      JSON.stringify(incident.roles),
      JSON.stringify(incident.milestones),
      JSON.stringify(reminders),
      nextAt,
      JSON.stringify(incident.leftOut),
    ],
  );
  for (const item of incident.actionItems) await saveActionItem(tx, incident.id, item);
  for (const escalation of incident.escalations) await saveEscalation(tx, incident.id, escalation);
  for (const page of incident.pages) await savePage(tx, incident.id, page);
}

async function saveEscalation(tx: Db, incident: number, escalation: Escalation): Promise<void> {
  await tx.query(
    `insert into escalations (incident_id, number, team, reason, requested_by, at, level, level_at, wait_seconds, ways, state)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (incident_id, number) do update
        set level = excluded.level, level_at = excluded.level_at, wait_seconds = excluded.wait_seconds,
            ways = excluded.ways, state = excluded.state`,
    [
      incident,
      escalation.number,
      escalation.team,
      escalation.reason,
      escalation.requestedBy,
      escalation.at,
      escalation.level,
      escalation.levelAt,
      escalation.waitSeconds,
      JSON.stringify(escalation.ways),
      escalation.state,
    ],
  );
}

async function saveActionItem(tx: Db, incident: number, item: ActionItem): Promise<void> {
  await tx.query(
    `insert into action_items (incident_id, number, text, owner, due, done, created_by, quiet_until, reminder, issue)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (incident_id, number) do update
        set text = excluded.text, owner = excluded.owner, due = excluded.due, done = excluded.done,
            quiet_until = excluded.quiet_until, reminder = excluded.reminder, issue = excluded.issue`,
    [
      incident,
      item.number,
      item.text,
      item.owner,
      item.due,
      item.done,
      item.createdBy,
      item.quietUntil,
      item.reminder && JSON.stringify(item.reminder),
      item.issue && JSON.stringify(item.issue),
    ],
  );
}

async function savePage(tx: Db, incident: number, page: Page): Promise<void> {
  const { answer } = page;
  await tx.query(
    `insert into pages (incident_id, number, escalation, level, team, user_id, reason, requested_by, at, unsent, answer,
                        answered_by, answered_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (incident_id, number) do update
        set unsent = excluded.unsent, answer = excluded.answer, answered_by = excluded.answered_by,
            answered_at = excluded.answered_at`,
    [
      incident,
      page.number,
      page.escalation,
      page.level,
      page.team,
      page.user,
      page.reason,
      page.requestedBy,
      page.at,
      page.unsent,
      answer?.kind,
      answer?.by,
      answer?.at,
    ],
  );
}

function toIncident(row: IncidentRow): Incident {
  return {
    id: row.id,
    kind: row.kind,
    private: row.private,
    title: row.title,
    severity: row.severity,
    status: row.status,
    statusSince: row.status_since,
    declaredBy: row.declared_by,
    declaredAt: row.declared_at,
    ...(row.service === null ? {} : { service: row.service }),
    ...(row.channel_id === null ? {} : { channelId: row.channel_id }),
    ...(row.archived ? { archived: true } : {}),
    ...(row.duplicate_of === null ? {} : { duplicateOf: row.duplicate_of }),
    accounts: row.accounts,
    ...(row.last_update === null
      ? {}
      : { lastUpdate: { ...row.last_update, at: new Date(row.last_update.at) } }),
    ...(row.postmortem_at === null ? {} : { postmortemAt: row.postmortem_at }),
    leftOut: row.left_out,
    roles: row.roles,
    milestones: toMilestones(row.milestones),
    actionItems: row.action_items.map(toActionItem),
    escalations: row.escalations.map(toEscalation),
    pages: row.pages.map(toPage),
    reminders: toReminders(row),
  };
}

const toActionItem = ({ owner, due, quietUntil, reminder, issue, ...item }: ActionRow): ActionItem => ({
  ...item,
  ...(owner ? { owner } : {}),
  ...(due ? { due } : {}),
  ...(quietUntil ? { quietUntil } : {}),
  ...(reminder ? { reminder } : {}),
  ...(issue ? { issue } : {}),
});

const toEscalation = ({ reason, at, levelAt, ...escalation }: EscalationRow): Escalation => ({
  ...escalation,
  at: new Date(at),
  levelAt: new Date(levelAt),
  ...(reason ? { reason } : {}),
});

const toPage = ({ reason, answer, at, unsent, ...page }: PageRow): Page => ({
  ...page,
  at: new Date(at),
  ...(unsent === null ? {} : { unsent }),
  ...(reason ? { reason } : {}),
  ...(answer ? { answer: { ...answer, at: new Date(answer.at) } } : {}),
});

function toReminders({
  reminders: { last, snoozed, dismissed, said = {} },
  remind_at: nextAt,
}: IncidentRow): Reminders {
  return {
    ...(last === undefined ? {} : { last: toReminder(last) }),
    snoozed: Object.fromEntries(Object.entries(snoozed).map(([kind, until]) => [kind, new Date(until)])),
    dismissed,
    said: Object.fromEntries(
      Object.entries(said).map(([kind, { at, times }]) => [kind, { at: new Date(at), times }]),
    ),
    ...(nextAt === null ? {} : { nextAt }),
  };
}

const toReminder = ({ at, state, ...reminder }: NonNullable<StoredReminders['last']>): Reminder => ({
  ...reminder,
  at: new Date(at),
  state: state.kind === 'snoozed' ? { ...state, until: new Date(state.until) } : state,
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
