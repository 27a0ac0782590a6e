/** How much there is of each kind, for /metrics: numbers only, nothing of what is said in an incident. */
import type { Db } from './store.ts';

type Counts = Readonly<Record<string, number>>;

/** Incidents that have not ended, by severity; drills are not counted. */
export const openIncidentCounts = (db: Db): Promise<Counts> =>
  counts(
    db,
    `select severity as of, count(*)::int as count
       from incidents
      where status not in ('resolved', 'cancelled') and kind = 'incident'
      group by severity`,
  );

export const runCounts = (db: Db): Promise<Counts> =>
  counts(db, 'select state as of, count(*)::int as count from runs group by state');

/** What was told, by what was done with it. */
export const alertCounts = (db: Db): Promise<Counts> =>
  counts(db, 'select outcome as of, count(*)::int as count from alerts group by outcome');

/** Proposals that became an incident, and those that did not or not yet. */
export const proposalCounts = (db: Db): Promise<Counts> =>
  counts(
    db,
    `select case when incident_id is null then 'undecided' else 'incident' end as of, count(*)::int as count
       from proposals
      group by 1`,
  );

/** Timers that are due by then and not done. */
export async function dueTimers(db: Db, by: Date): Promise<number> {
  const found = await counts(
    db,
    `select 'due' as of, count(*)::int as count from timers where done_at is null and due_at <= $1`,
    by,
  );
  return found['due'] ?? 0;
}

/** What Slack, a pager or a tracker refused for good, of those deliveries that are remembered. */
export async function refusedDeliveries(db: Db): Promise<number> {
  const found = await counts(
    db,
    `select 'refused' as of, count(*)::int as count from outbox where state = 'refused'`,
  );
  return found['refused'] ?? 0;
}

async function counts(db: Db, sql: string, ...values: readonly unknown[]): Promise<Counts> {
  const { rows } = await db.query<{ of: string; count: number }>(sql, values);
  return Object.fromEntries(rows.map(({ of, count }) => [of, count]));
}
