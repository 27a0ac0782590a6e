/** Incidents that a monitor proposed, and the incident each became. */
import type { Proposal } from '../domain/record.ts';
import { type Db, first } from './store.ts';

interface ProposalRow {
  readonly id: number;
  readonly monitor: string;
  readonly is_foreign: boolean;
  readonly group_key: string | null;
  readonly target: string | null;
  readonly next: string | null;
  readonly service: string | null;
  readonly sqlstate: string | null;
  readonly error: string;
  readonly relations: readonly string[];
  readonly migration: { readonly name: string; readonly appliedAt?: string } | null;
  readonly first_failed_at: Date;
  readonly detected_at: Date;
  readonly incident_id: number | null;
}

const COLUMNS =
  'id, monitor, is_foreign, group_key, target, service, sqlstate, error, relations, migration, next, first_failed_at, detected_at, incident_id';

/** Undefined: there is one of the same group, that began at the same time, by the same source. */
export async function insertProposal(tx: Db, wish: Omit<Proposal, 'id'>): Promise<number | undefined> {
  const { rows } = await tx.query<{ id: number }>(
    `insert into proposals (monitor, is_foreign, group_key, target, service, sqlstate, error, relations, migration, next,
                            first_failed_at, detected_at, incident_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (monitor, first_failed_at, coalesce(group_key, '')) do nothing
     returning id`,
    [
      wish.monitor,
      wish.foreign ?? false,
      wish.groupKey,
      wish.target,
      wish.service,
      wish.sqlstate,
      wish.error,
      JSON.stringify(wish.relations),
      wish.migration ? JSON.stringify(wish.migration) : null,
      wish.next,
      wish.firstFailedAt,
      wish.detectedAt,
      wish.incidentId,
    ],
  );
  return rows[0]?.id;
}

/**
 * The newest proposal of a group, if it still stands for the trouble of now: its incident is open; or it became none, and
 * something of it fires or was told since `since`.
 */
export async function groupProposal(tx: Db, groupKey: string, since: Date): Promise<Proposal | undefined> {
  const row = first(
    await tx.query<ProposalRow & { readonly stands: boolean }>(
      `select ${COLUMNS},
              case when incident_id is null
                   then detected_at >= $2
                        or exists (select from alerts a
                                    where a.proposal_id = p.id and (a.state = 'firing' or a.last_told_at >= $2))
                   else exists (select from incidents i
                                 where i.id = p.incident_id and i.status not in ('resolved', 'cancelled')) end as stands
         from proposals p
        where group_key = $1
        order by id desc
        limit 1`,
      [groupKey, since],
    ),
  );
  return row?.stands ? toProposal(row) : undefined;
}

/** How many were proposed since then; a group that came to an open incident, or declared its own, asked nobody. */
export async function proposalsSince(tx: Db, since: Date): Promise<number> {
  const { rows } = await tx.query<{ made: number }>(
    `select count(*)::int as made
       from proposals p left join incidents i on i.id = p.incident_id
      where p.detected_at >= $1 and (i.id is null or p.detected_at < i.declared_at)`,
    [since],
  );
  return rows[0]?.made ?? 0;
}

export async function loadProposal(db: Db, id: number): Promise<Proposal | undefined> {
  const row = first(await db.query<ProposalRow>(`select ${COLUMNS} from proposals where id = $1`, [id]));
  return row && toProposal(row);
}

/** Keeps others from taking the open ones of these groups until the transaction ends: in one order, as who declares does. */
export async function lockGroupProposals(tx: Db, groupKeys: readonly string[]): Promise<void> {
  await tx.query(
    'select from proposals where group_key = any ($1) and incident_id is null order by id for update',
    [groupKeys],
  );
}

/** Keeps others from rewriting or taking it until the transaction ends. */
export async function lockProposal(tx: Db, id: number): Promise<Proposal | undefined> {
  const row = first(
    await tx.query<ProposalRow>(`select ${COLUMNS} from proposals where id = $1 for update`, [id]),
  );
  return row && toProposal(row);
}

/** Rewrites what was seen, and by whom. */
export async function updateProposal(tx: Db, it: Proposal): Promise<void> {
  await tx.query(
    `update proposals
        set monitor = $2, is_foreign = $3, target = $4, service = $5, sqlstate = $6, error = $7, relations = $8,
            migration = $9, next = $10
      where id = $1`,
    [
      it.id,
      it.monitor,
      it.foreign ?? false,
      it.target,
      it.service,
      it.sqlstate,
      it.error,
      JSON.stringify(it.relations),
      it.migration ? JSON.stringify(it.migration) : null,
      it.next,
    ],
  );
}

export async function proposalsOf(db: Db, incidentId: number): Promise<readonly Proposal[]> {
  const { rows } = await db.query<ProposalRow>(
    `select ${COLUMNS} from proposals where incident_id = $1 order by id`,
    [incidentId],
  );
  return rows.map(toProposal);
}

/** Proposals since a time that became no incident yet, locked: two declarations must not take the same one. */
export async function lockOpenProposals(tx: Db, since: Date): Promise<readonly Proposal[]> {
  const { rows } = await tx.query<ProposalRow>(
    `select ${COLUMNS} from proposals where incident_id is null and detected_at >= $1 order by id for update`,
    [since],
  );
  return rows.map(toProposal);
}

export async function attachProposal(tx: Db, id: number, incidentId: number): Promise<void> {
  await tx.query('update proposals set incident_id = $2 where id = $1', [id, incidentId]);
}

const toProposal = (row: ProposalRow): Proposal => ({
  id: row.id,
  monitor: row.monitor,
  error: row.error,
  relations: row.relations,
  firstFailedAt: row.first_failed_at,
  detectedAt: row.detected_at,
  ...(row.is_foreign ? { foreign: true as const } : {}),
  ...(row.group_key === null ? {} : { groupKey: row.group_key }),
  ...(row.target === null ? {} : { target: row.target }),
  ...(row.next === null ? {} : { next: row.next }),
  ...(row.service ? { service: row.service } : {}),
  ...(row.sqlstate ? { sqlstate: row.sqlstate } : {}),
  ...(row.incident_id ? { incidentId: row.incident_id } : {}),
  ...(row.migration
    ? {
        migration: {
          name: row.migration.name,
          ...(row.migration.appliedAt ? { appliedAt: new Date(row.migration.appliedAt) } : {}),
        },
      }
    : {}),
});
