/** Incidents that a monitor proposed, and the incident each became. */
import type { Proposal } from '../domain/record.ts';
import { type Db, first } from './store.ts';

interface ProposalRow {
  readonly id: number;
  readonly monitor: string;
  readonly target: string;
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
  'id, monitor, target, service, sqlstate, error, relations, migration, first_failed_at, detected_at, incident_id';

/** Proposed twice, since a crash came between the proposal and the monitor's memory of it, it stays one. */
export async function insertProposal(tx: Db, wish: Omit<Proposal, 'id' | 'incidentId'>): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `insert into proposals (monitor, target, service, sqlstate, error, relations, migration, first_failed_at, detected_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (monitor, first_failed_at) do update set error = excluded.error
     returning id`,
    [
      wish.monitor,
      wish.target,
      wish.service,
      wish.sqlstate,
      wish.error,
      JSON.stringify(wish.relations),
      wish.migration ? JSON.stringify(wish.migration) : null,
      wish.firstFailedAt,
      wish.detectedAt,
    ],
  );
  return (rows[0] as { id: number }).id;
}

export async function loadProposal(db: Db, id: number): Promise<Proposal | undefined> {
  const row = first(await db.query<ProposalRow>(`select ${COLUMNS} from proposals where id = $1`, [id]));
  return row && toProposal(row);
}

/** Keeps others from rewriting or taking it until the transaction ends. */
export async function lockProposal(tx: Db, id: number): Promise<Proposal | undefined> {
  const row = first(
    await tx.query<ProposalRow>(`select ${COLUMNS} from proposals where id = $1 for update`, [id]),
  );
  return row && toProposal(row);
}

/** Rewrites what was seen. */
export async function updateProposal(
  tx: Db,
  { id, sqlstate, error, relations, migration }: Proposal,
): Promise<void> {
  await tx.query(
    'update proposals set sqlstate = $2, error = $3, relations = $4, migration = $5 where id = $1',
    [id, sqlstate, error, JSON.stringify(relations), migration ? JSON.stringify(migration) : null],
  );
}

export async function proposalsOf(db: Db, incidentId: number): Promise<readonly Proposal[]> {
  const { rows } = await db.query<ProposalRow>(
    `select ${COLUMNS} from proposals where incident_id = $1 order by id`,
    [incidentId],
  );
  return rows.map(toProposal);
}

/** Incidents that an alert of this monitor became. */
export async function incidentsOfMonitor(db: Db, monitor: string): Promise<readonly number[]> {
  const { rows } = await db.query<{ incident_id: number }>(
    'select distinct incident_id from proposals where monitor = $1 and incident_id is not null',
    [monitor],
  );
  return rows.map(({ incident_id }) => incident_id);
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
  target: row.target,
  error: row.error,
  relations: row.relations,
  firstFailedAt: row.first_failed_at,
  detectedAt: row.detected_at,
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
