/** Indexes that another one makes needless: the same columns, or the first columns of it. */
import { type Check, defineCheck } from '../check.ts';
import { andMore, sized } from '../figures.ts';

interface Row {
  readonly index: string;
  readonly keeper: string;
  readonly relation: string;
  readonly bytes: number;
  readonly same: boolean;
}

/** Of two that are the same the younger one is needless, unless it is the one that keeps rows unique. */
const SQL = `
  with indexes as (
    select i.indexrelid, i.indrelid, i.indisunique, i.indimmediate,
           coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as distinct_nulls, c.relam, c.relpages, i.indnkeyatts, i.indnatts,
           string_to_array(i.indkey::text, ' ') as keys,
           string_to_array(i.indclass::text, ' ') as classes,
           string_to_array(i.indcollation::text, ' ') as collations,
           string_to_array(i.indoption::text, ' ') as options,
           coalesce(i.indexprs::text, '') as exprs,
           coalesce(i.indpred::text, '') as pred,
           i.indisprimary or i.indisreplident or i.indisclustered
             or exists (select from pg_constraint k where k.conindid = i.indexrelid) as needed
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
     where i.indisvalid and i.indrelid >= 16384
  )
  select distinct on (r.indexrelid)
         r.indexrelid::regclass::text as index,
         k.indexrelid::regclass::text as keeper,
         r.indrelid::regclass::text as relation,
         r.relpages * current_setting('block_size')::float8 as bytes,
         k.keys = r.keys as same
    from indexes r
    join indexes k on k.indrelid = r.indrelid and k.indexrelid <> r.indexrelid
     and k.relam = r.relam and k.pred = r.pred and k.exprs = r.exprs
     and k.keys[1:r.indnkeyatts] = r.keys and r.indnkeyatts = r.indnatts
     and k.classes[1:r.indnkeyatts] = r.classes
     and k.collations[1:r.indnkeyatts] = r.collations
     and k.options[1:r.indnkeyatts] = r.options
     -- The one that keeps rows unique is needed, however the other one is used.
     and (k.indisunique or not r.indisunique)
     and (not r.indisunique or (k.indimmediate, k.distinct_nulls) = (r.indimmediate, r.distinct_nulls))
     and r.indnkeyatts <= k.indnkeyatts
   where not r.needed
     and case when k.keys = r.keys
              then (k.needed, k.indisunique, r.indexrelid) > (false, r.indisunique, k.indexrelid)
              else not r.indisunique and k.relam = (select oid from pg_am where amname = 'btree')
         end
   order by r.indexrelid, same desc, k.relpages, k.indexrelid
   limit 200`;

const check: Check = defineCheck({
  name: 'duplicate-indexes',
  title: 'Indexes that another one makes needless',
  order: 270,
  firstMinutes: false,
  privilege: 'none',
  danger: 'none',
  async run(target) {
    const found = (await target.read<Row>(SQL)).sort((a, b) => b.bytes - a.bytes);
    const facts = { indexes: found.slice(0, 20) };
    const [largest] = found;
    if (largest === undefined)
      return { status: 'ok', verdict: 'No index is made needless by another one.', facts };
    const why = largest.same ? 'has the same columns as' : 'has only the first columns of';
    return {
      status: 'warn',
      verdict: `The index ${largest.index} on ${largest.relation} (${sized(largest.bytes)}) ${why} ${largest.keeper}${andMore(found)}.`,
      facts,
      next: `DROP INDEX CONCURRENTLY ${largest.index}`,
    };
  },
});
export default check;
