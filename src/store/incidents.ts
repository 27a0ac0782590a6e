/** Incidents with their roles and milestones; their parts are in incident-parts.ts. */
import type { ActionItem, Actor, Incident, Milestone } from '../domain/incident.ts';
import type { Reminder, Reminders } from '../domain/reminders.ts';
import { storableJson } from '../domain/storable.ts';
import { type ActionRow, PARTS, type PartRows, saveParts, toActionItem, toParts } from './incident-parts.ts';
import { type Db, first } from './store.ts';

interface IncidentRow extends PartRows {
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
const COLUMNS = `
  i.id, i.kind, i.private, i.title, i.severity, i.status, i.status_since, i.declared_by, i.declared_at, i.service,
  i.channel_id, i.archived, i.duplicate_of, i.accounts, i.last_update, i.postmortem_at, i.roles, i.milestones,
  i.reminders, i.remind_at, i.left_out,
${PARTS}`;

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
  const sql = `select ${COLUMNS} from incidents i where i.id = $1`;
  const row = first(await db.query<IncidentRow>(sql, [id], 'load-incident'));
  return row && toIncident(row);
}

/**
 * Loads an incident and keeps others from deciding on it until the transaction ends. Its key does not change: a
 * stronger lock would wait for whoever has written a row that refers to it, and two of those would wait for each other.
 */
export async function lockIncident(tx: Db, id: number): Promise<Incident | undefined> {
  const [, incident] = await Promise.all([
    tx.query('select from incidents where id = $1 for no key update', [id], 'lock-incident'),
    // A statement of its own: it sees what was committed while the one before it waited.
    loadIncident(tx, id),
  ]);
  return incident;
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

/**
 * The open ones that these services or targets matter to: by service, by the proposal they came from, by a run; in their
 * order. All open ones, where neither is given.
 */
export async function openIncidentsOn(
  db: Db,
  targets: readonly string[],
  services: readonly string[],
): Promise<readonly number[]> {
  const { rows } = await db.query<{ id: number }>(
    `select i.id
       from incidents i
      where i.status not in ('resolved', 'cancelled')
        and (i.service = any ($2)
             or exists (select from proposals p where p.incident_id = i.id and p.target = any ($1))
             or exists (select from runs r where r.incident_id = i.id and r.target = any ($1))
             or ($1::text[] = '{}' and $2::text[] = '{}'))
      order by i.id`,
    [targets, services],
  );
  return rows.map(({ id }) => id);
}

/** The newest open incident of a service, a target or a group of alerts that everybody may know of; drills are not meant. */
export async function openIncidentFor(
  db: Db,
  { service, target, groupKey }: { readonly [key in 'service' | 'target' | 'groupKey']: string | undefined },
): Promise<number | undefined> {
  const { rows } = await db.query<{ id: number }>(
    `select i.id
       from incidents i
      where i.status not in ('resolved', 'cancelled') and i.kind = 'incident' and not i.private
        and (i.service = $1
             or exists (select from proposals p
                         where p.incident_id = i.id and (p.target = $2 or p.group_key = $3)))
      order by i.id desc
      limit 1`,
    [service, target, groupKey],
  );
  return rows[0]?.id;
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

/** Of all incidents, in order. */
export async function incidentNumbers(db: Db): Promise<readonly number[]> {
  const { rows } = await db.query<{ id: number }>('select id from incidents order by id');
  return rows.map(({ id }) => id);
}

export async function incidentOfChannel(db: Db, channelId: string): Promise<number | undefined> {
  const sql = 'select id from incidents where channel_id = $1';
  const result = await db.query<{ id: number }>(sql, [channelId], 'incident-of-channel');
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
  await saveParts(tx, incident);
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
    ...toParts(row),
    reminders: toReminders(row),
  };
}

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
