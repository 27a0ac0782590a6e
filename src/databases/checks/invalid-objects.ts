/** What a failed or careless change leaves behind: invalid indexes, unchecked constraints, disabled triggers. */
import { type Check, defineCheck } from '../check.ts';
import { missing } from '../privileges.ts';

interface Row {
  readonly kind:
    | 'invalid index'
    | 'constraint that is not valid'
    | 'disabled trigger'
    | 'foreign key that is off';
  readonly object: string;
  readonly relation: string;
}

/**
 * Catalogs only: nothing here waits for anybody's lock on a table. An index that is being built is invalid until it
 * is done; of a build that this role may not look into, the table is not known: then no invalid one can be told from it.
 * A foreign key that fires only on
 * replicas is off as well.
 */
const SQL = `
  select 'invalid index' as kind, i.indexrelid::regclass::text as object, i.indrelid::regclass::text as relation
    from pg_index i
   where not i.indisvalid
     and not exists (select from pg_stat_progress_create_index p
                      where p.datname = current_database() and p.relid = i.indrelid)
   union all
  select 'constraint that is not valid', quote_ident(k.conname), k.conrelid::regclass::text
    from pg_constraint k
   where not k.convalidated and k.conrelid <> 0
   union all
  select distinct 'foreign key that is off', quote_ident(k.conname), k.conrelid::regclass::text
    from pg_trigger t
    join pg_constraint k on k.oid = t.tgconstraint and k.contype = 'f'
   where t.tgisinternal and t.tgenabled in ('D', 'R')
   union all
  select 'disabled trigger', quote_ident(t.tgname), t.tgrelid::regclass::text
    from pg_trigger t
   where t.tgenabled = 'D' and not t.tgisinternal
   order by 1, 3, 2
   limit 50`;

const HIDDEN_BUILD = `
  select quote_ident(current_user) as role
    from pg_stat_progress_create_index
   where datname = current_database() and relid is null
   limit 1`;

const check: Check = defineCheck({
  name: 'invalid-objects',
  title: 'Invalid indexes, unchecked constraints, triggers and foreign keys that are off',
  order: 68,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  async run(target) {
    const found = await target.read<Row>(SQL);
    const [build] = await target.read<{ role: string }>(HIDDEN_BUILD);
    const objects = build ? found.filter(({ kind }) => kind !== 'invalid index') : found;
    if (build && objects.length === 0)
      return missing(
        `An index is being built that the role ${build.role} may not look into: invalid ones cannot be told from it.`,
        `GRANT pg_monitor TO ${build.role}`,
      );
    // With its foreign key's triggers off a table takes rows that break the key, without a word.
    const off = objects.filter((it) => it.kind === 'foreign key that is off');
    const ordered = [...off, ...objects.filter((it) => !off.includes(it))];
    const [worst] = ordered;
    if (worst === undefined) {
      const verdict = 'No invalid index, no unchecked constraint, no trigger or foreign key that is off.';
      return { status: 'ok', verdict, facts: { objects } };
    }
    const named = ordered.slice(0, 3).map((it) => `${it.kind} ${it.object} on ${it.relation}`);
    const more = objects.length > named.length ? ` and ${objects.length - named.length} more` : '';
    const broken = off.length > 0 ? ' Rows that break the key come in silently.' : '';
    return {
      status: off.length > 0 ? 'crit' : 'warn',
      verdict: `Found ${named.join(', ')}${more}.${broken}`,
      facts: { objects: ordered },
      next: mending(worst),
    };
  },
});
export default check;

function mending({ kind, object, relation }: Row): string {
  switch (kind) {
    case 'foreign key that is off':
      return `ALTER TABLE ${relation} ENABLE TRIGGER ALL (also on the table it refers to), then look for rows that break ${object}`;
    case 'invalid index':
      return `REINDEX INDEX CONCURRENTLY ${object}, or drop it`;
    case 'constraint that is not valid':
      return `ALTER TABLE ${relation} VALIDATE CONSTRAINT ${object}`;
    case 'disabled trigger':
      return `ALTER TABLE ${relation} ENABLE TRIGGER ${object}, if nobody meant it to be off`;
  }
}
