/** Whether tables are copied under the lock or before it: what takes the lock for too long is done before. */
import { type Refusal, refuse } from '../domain/refusal.ts';
import { lockSeconds, refreshSeconds } from './budget.ts';
import type { TableFacts } from './tables.ts';
import type { Target } from './target.ts';

export interface CopyForm {
  readonly ok: true;
  readonly before: boolean;
  /** How long the lock is held, about. */
  readonly seconds: number;
}

/** Refuses where the lock would be held too long either way, and tables whose copies cannot be brought up to date. */
export async function formOf(
  target: Target,
  tables: readonly { readonly facts: TableFacts }[],
  bytes: number,
  rewrites: boolean,
): Promise<CopyForm | Refusal> {
  const allowed = target.config.snapshot.maxLockSeconds;
  const under = lockSeconds(bytes, rewrites);
  if (under <= allowed) return { ok: true, before: false, seconds: under };
  const no = (seconds: number, found: string): Refusal =>
    refuse('SNAPSHOT_TOO_LONG', { target: target.name, seconds, allowed, found });
  const seconds = refreshSeconds(bytes, rewrites);
  if (seconds > allowed)
    return no(seconds, `also when it is copied before${rewrites ? ', since the SQL rewrites it' : ''}`);
  const keyless = tables.find(({ facts }) => facts.key.length === 0);
  if (keyless !== undefined)
    return no(under, `and ${keyless.facts.name} has no primary key to bring an earlier copy up to date by`);
  const parent = await withParts(
    target,
    tables.map(({ facts }) => facts.oid),
  );
  if (parent === undefined) return { ok: true, before: true, seconds };
  return no(under, `and ${parent} has partitions or children: an earlier copy cannot be brought up to date`);
}

/** For the line of a plan that names a copy. */
export const whenCopied = (before: boolean): string =>
  before
    ? 'in a transaction of its own BEFORE the lock, since copying under it would take too long, and brought up to date under it (the outcome says how many rows changed in between; if it fails the copy stays)'
    : 'inside the transaction, after the lock';

async function withParts(target: Target, oids: readonly number[]): Promise<string | undefined> {
  const [row] = await target.read<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where oid = any($1::oid[]) and (relkind <> 'r' or exists (select from pg_inherits where inhparent = pg_class.oid))`,
    [oids],
  );
  return row?.name;
}
