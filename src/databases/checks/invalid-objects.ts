/** What a failed or careless change leaves behind: invalid indexes, unchecked constraints, disabled triggers. */
import { type Check, defineCheck } from '../check.ts';

interface Row {
  readonly kind: string;
  readonly object: string;
  readonly relation: string;
}

const SQL = `
  select 'invalid index' as kind, i.indexrelid::regclass::text as object, i.indrelid::regclass::text as relation
    from pg_index i
   where not i.indisvalid
     and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
   union all
  select 'constraint that is not valid', k.conname, k.conrelid::regclass::text
    from pg_constraint k
   where not k.convalidated and k.conrelid <> 0
   union all
  select case when t.tgisinternal then 'disabled foreign key trigger' else 'disabled trigger' end,
         t.tgname, t.tgrelid::regclass::text
    from pg_trigger t
   where t.tgenabled = 'D'
   order by 1, 3, 2
   limit 50`;

const check: Check = defineCheck({
  name: 'invalid-objects',
  title: 'Invalid indexes, unchecked constraints, disabled triggers',
  order: 70,
  firstMinutes: true,
  privilege: 'none',
  danger: 'none',
  async run(target) {
    const objects = await target.read<Row>(SQL);
    if (objects.length === 0) {
      return {
        status: 'ok',
        verdict: 'No invalid index, constraint or disabled trigger.',
        facts: { objects },
      };
    }
    // With its foreign key's triggers off a table takes rows that break the key, without a word.
    const crit = objects.some((it) => it.kind === 'disabled foreign key trigger');
    const named = objects.slice(0, 3).map((it) => `${it.kind} ${it.object} on ${it.relation}`);
    const more = objects.length > named.length ? ` and ${objects.length - named.length} more` : '';
    return {
      status: crit ? 'crit' : 'warn',
      verdict: `Found ${named.join(', ')}${more}.`,
      facts: { objects },
    };
  },
});
export default check;
