/** What the diag role of a target may do beyond reading. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Target } from './target.ts';

const WRITES = `
  select case
           when (select rolsuper from pg_roles where rolname = current_user) then 'it is a superuser'
           when exists (select from pg_class c
                         where c.relkind in ('r', 'p') and c.relnamespace <> 'pg_catalog'::regnamespace
                           and has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
             then 'it may write tables'
         end as found`;

/** Refuses what only a role without any right to write may be asked to do. */
export async function refuseUnsafeDiag(target: Target): Promise<Refusal | undefined> {
  const [row] = await target.read<{ found: string | null }>(WRITES);
  if (row === undefined || row.found === null) return undefined;
  return refuse('DIAG_MAY_WRITE', { target: target.name, found: row.found });
}
