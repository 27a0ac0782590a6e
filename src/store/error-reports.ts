/** Errors as applications reported them: counts, never the errors themselves. */
import { bounded, type ErrorCount, type ErrorReport, SLICE_MS } from '../domain/error-counts.ts';
import type { Db, Store } from './store.ts';

/** Adds a report to what was counted; false: one of that id was counted before. */
export const saveErrorReport = (store: Store, report: ErrorReport, now: Date): Promise<boolean> =>
  store.transaction(async (tx) => {
    if (report.id !== undefined && !(await isNew(tx, report.target, report.id, now))) return false;
    const counts = bounded(report.counts, await countsLike(tx, report));
    await addCounts(tx, report, counts);
    return true;
  });

/** What was reported of a target since then, over all services; a slice that had begun before counts whole. */
export const errorCounts =
  (db: Db) =>
  async (target: string, since: Date): Promise<readonly ErrorCount[]> => {
    const { rows } = await db.query<Row>(
      `select at, sqlstate, relation, sum(count)::bigint as count, min(sample) as sample
         from error_reports
        where target = $1 and at > $2
        group by at, sqlstate, relation`,
      [target, new Date(since.getTime() - SLICE_MS)],
    );
    return rows.map(countRow);
  };

/** Forgets what is older. */
export async function forgetErrorReports(db: Db, before: Date): Promise<void> {
  await db.query('delete from error_reports where at < $1', [before]);
  await db.query('delete from error_report_ids where at < $1', [before]);
}

async function isNew(tx: Db, target: string, id: string, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    'insert into error_report_ids (target, id, at) values ($1, $2, $3) on conflict do nothing',
    [target, id, now],
  );
  return rowCount === 1;
}

/** What is there in the slices of a report. */
async function countsLike(
  tx: Db,
  { target, service = '', counts }: ErrorReport,
): Promise<readonly ErrorCount[]> {
  const { rows } = await tx.query<Row>(
    `select at, sqlstate, relation, count, sample
       from error_reports
      where target = $1 and service = $2 and at = any($3)`,
    [target, service, counts.map(({ at }) => at)],
  );
  return rows.map(countRow);
}

/** In the order of `counts`, which is always the same one: two reports at once must not wait for each other's rows. */
async function addCounts(
  tx: Db,
  { target, service = '' }: ErrorReport,
  counts: readonly ErrorCount[],
): Promise<void> {
  await tx.query(
    `insert into error_reports as known (target, service, at, sqlstate, relation, count, sample)
     select $1, $2, new.at, new.sqlstate, new.relation, new.count, new.sample
       from unnest($3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::text[])
            as new (at, sqlstate, relation, count, sample)
     on conflict (target, at, service, sqlstate, relation) do update
        set count = known.count + excluded.count,
            sample = coalesce(known.sample, excluded.sample)`,
    [
      target,
      service,
      counts.map(({ at }) => at),
      counts.map(({ sqlstate }) => sqlstate),
      counts.map(({ relation }) => relation ?? ''),
      counts.map(({ count }) => count),
      counts.map(({ sample }) => sample ?? null),
    ],
  );
}

interface Row {
  readonly at: Date;
  readonly sqlstate: string;
  readonly relation: string;
  readonly count: number;
  readonly sample: string | null;
}

const countRow = ({ at, sqlstate, relation, count, sample }: Row): ErrorCount => ({
  at,
  sqlstate,
  count,
  ...(relation === '' ? {} : { relation }),
  ...(sample === null ? {} : { sample }),
});
