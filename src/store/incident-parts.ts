/** The parts of an incident that have tables of their own: action items, escalations and pages. */
import type { ActionItem, Escalation, Incident, Page } from '../domain/incident.ts';
import { storableJson } from '../domain/storable.ts';
import type { Db } from './store.ts';

export interface PartRows {
  readonly action_items: readonly ActionRow[];
  readonly escalations: readonly EscalationRow[];
  readonly pages: readonly PageRow[];
}

export type ActionRow = Omit<ActionItem, 'owner' | 'due' | 'quietUntil' | 'reminder' | 'issue'> & {
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

/** The columns of the parts, beside those of an incident `i`. */
export const PARTS = `
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

export const toParts = (row: PartRows): Pick<Incident, 'actionItems' | 'escalations' | 'pages'> => ({
  actionItems: row.action_items.map(toActionItem),
  escalations: row.escalations.map(toEscalation),
  pages: row.pages.map(toPage),
});

export const toActionItem = ({
  owner,
  due,
  quietUntil,
  reminder,
  issue,
  ...item
}: ActionRow): ActionItem => ({
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

/** Writes those that differ, with one statement a table: most acts change none of them. */
export async function saveParts(
  tx: Db,
  { id, actionItems, escalations, pages }: Pick<Incident, 'id' | 'actionItems' | 'escalations' | 'pages'>,
): Promise<void> {
  if (actionItems.length > 0) await saveActionItems(tx, id, actionItems);
  // Pages refer to them.
  if (escalations.length > 0) await saveEscalations(tx, id, escalations);
  if (pages.length > 0) await savePages(tx, id, pages);
}

async function saveActionItems(tx: Db, incident: number, items: readonly ActionItem[]): Promise<void> {
  await tx.query(
    `insert into action_items (incident_id, number, text, owner, due, done, created_by, quiet_until, reminder, issue)
     select $1, number, text, owner, due, done, "createdBy", "quietUntil", reminder, issue
       from jsonb_to_recordset($2) as item (
              number integer, text text, owner text, due text, done boolean, "createdBy" text, "quietUntil" text,
              reminder jsonb, issue jsonb)
     on conflict (incident_id, number) do update
        set text = excluded.text, owner = excluded.owner, due = excluded.due, done = excluded.done,
            quiet_until = excluded.quiet_until, reminder = excluded.reminder, issue = excluded.issue
      where (action_items.text, action_items.owner, action_items.due, action_items.done, action_items.quiet_until,
             action_items.reminder, action_items.issue)
            is distinct from (excluded.text, excluded.owner, excluded.due, excluded.done, excluded.quiet_until,
                              excluded.reminder, excluded.issue)`,
    [incident, storableJson(items)],
  );
}

async function saveEscalations(tx: Db, incident: number, escalations: readonly Escalation[]): Promise<void> {
  await tx.query(
    `insert into escalations (incident_id, number, team, reason, requested_by, at, level, level_at, wait_seconds, ways, state)
     select $1, number, team, reason, "requestedBy", at, level, "levelAt", "waitSeconds", ways, state
       from jsonb_to_recordset($2) as escalation (
              number integer, team text, reason text, "requestedBy" text, at timestamptz, level integer,
              "levelAt" timestamptz, "waitSeconds" double precision, ways jsonb, state text)
     on conflict (incident_id, number) do update
        set level = excluded.level, level_at = excluded.level_at, wait_seconds = excluded.wait_seconds,
            ways = excluded.ways, state = excluded.state
      where (escalations.level, escalations.level_at, escalations.wait_seconds, escalations.ways, escalations.state)
            is distinct from
            (excluded.level, excluded.level_at, excluded.wait_seconds, excluded.ways, excluded.state)`,
    [incident, storableJson(escalations)],
  );
}

async function savePages(tx: Db, incident: number, pages: readonly Page[]): Promise<void> {
  await tx.query(
    `insert into pages (incident_id, number, escalation, level, team, user_id, reason, requested_by, at, unsent, answer,
                        answered_by, answered_at)
     select $1, number, escalation, level, team, "user", reason, "requestedBy", at, unsent, answer ->> 'kind',
            answer ->> 'by', (answer ->> 'at')::timestamptz
       from jsonb_to_recordset($2) as page (
              number integer, escalation integer, level integer, team text, "user" text, reason text,
              "requestedBy" text, at timestamptz, unsent text, answer jsonb)
     on conflict (incident_id, number) do update
        set unsent = excluded.unsent, answer = excluded.answer, answered_by = excluded.answered_by,
            answered_at = excluded.answered_at
      where (pages.unsent, pages.answer, pages.answered_by, pages.answered_at)
            is distinct from (excluded.unsent, excluded.answer, excluded.answered_by, excluded.answered_at)`,
    [incident, storableJson(pages)],
  );
}
